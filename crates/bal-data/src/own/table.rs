//! A table of images: `path,label`, and perhaps `split` and `group`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::classes;
use super::listing::{Entry, Listing, Side};
use crate::DataError;

/// Lists the images of a table, in the order of its rows. Paths count from the folder of the table.
pub(super) fn list(table: &Path) -> Result<Listing, DataError> {
    let rows = Rows::read(table)?;
    let names: BTreeSet<&str> = rows.rows.iter().map(|row| row.label.as_str()).collect();
    let classes = classes::sorted(names.into_iter().map(str::to_owned).collect())
        .map_err(|reason| DataError::own(table, reason))?;
    let labels: BTreeMap<&str, u8> = classes.iter().map(String::as_str).zip(0..=255).collect();
    rows.one_side_per_group(table)?;
    let groups: BTreeSet<&str> = rows.rows.iter().filter_map(|row| row.group.as_deref()).collect();
    let groups: BTreeMap<&str, u32> = groups.into_iter().zip(0..).collect();
    let folder = table.parent().unwrap_or(Path::new(""));
    let entry = |row: &Row| Entry {
        name: row.path.clone(),
        path: folder.join(&row.path),
        label: labels[row.label.as_str()],
        side: row.side,
        group: row.group.as_deref().map(|group| groups[group]),
    };
    let entries = rows.rows.iter().map(entry).collect();
    Ok(Listing { root: table.to_owned(), classes, entries, bad: vec![], ignored: vec![] })
}

struct Row {
    line: u64,
    /// Below the table's folder, with `/` between names and without `.`.
    path: String,
    label: String,
    side: Option<Side>,
    group: Option<String>,
}

struct Rows {
    rows: Vec<Row>,
}

impl Rows {
    fn read(table: &Path) -> Result<Self, DataError> {
        let mut reader =
            ReaderBuilder::new().trim(Trim::All).from_path(table).map_err(|error| failed(table, &error))?;
        let header = reader.headers().map_err(|error| failed(table, &error))?.clone();
        let columns = Columns::of(&header).map_err(|reason| DataError::own(table, reason))?;
        let mut lines: BTreeMap<String, u64> = BTreeMap::new();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| failed(table, &error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let refused = |reason| DataError::Row { file: table.to_owned(), line, reason };
            let row = columns.row(&record, line).map_err(refused)?;
            if let Some(earlier) = lines.insert(row.path.clone(), line) {
                let reason = format!("{} is in line {earlier} already; keep one of the rows", row.path);
                return Err(refused(reason));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(DataError::own(table, "has no row below its header".to_owned()));
        }
        Ok(Self { rows })
    }

    fn one_side_per_group(&self, table: &Path) -> Result<(), DataError> {
        let mut first: BTreeMap<&str, &Row> = BTreeMap::new();
        for row in &self.rows {
            let Some(group) = row.group.as_deref() else { return Ok(()) };
            let earlier = first.entry(group).or_insert(row);
            if earlier.side != row.side {
                let reason =
                    format!("group {group:?} is on the other side of the split in line {}", earlier.line);
                return Err(DataError::Row { file: table.to_owned(), line: row.line, reason });
            }
        }
        Ok(())
    }
}

/// Where the columns are.
struct Columns {
    path: usize,
    label: usize,
    split: Option<usize>,
    group: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, String> {
        let known = ["path", "label", "split", "group"];
        let mut at = [None; 4];
        for (column, name) in header.iter().enumerate() {
            let Some(which) = known.iter().position(|known| *known == name) else {
                return Err(format!(
                    "line 1: unknown column {name:?}; the header is path,label and perhaps split and group"
                ));
            };
            if at[which].replace(column).is_some() {
                return Err(format!("line 1: column {name:?} is there twice"));
            }
        }
        let [Some(path), Some(label), split, group] = at else {
            return Err("line 1: the header has to name the columns path and label".to_owned());
        };
        Ok(Self { path, label, split, group })
    }

    fn row(&self, record: &StringRecord, line: u64) -> Result<Row, String> {
        let field = |column: usize, name: &str| match record.get(column).unwrap_or_default() {
            "" => Err(format!("the {name} is empty")),
            text if text.chars().any(char::is_control) => {
                Err(format!("the {name} {text:?} has control characters"))
            }
            text => Ok(text.to_owned()),
        };
        let side = match self.split.map(|column| field(column, "split")).transpose()? {
            None => None,
            Some(text) if text.eq_ignore_ascii_case("train") => Some(Side::Train),
            Some(text) if text.eq_ignore_ascii_case("test") => Some(Side::Test),
            Some(text) => return Err(format!("the split {text:?} is neither train nor test")),
        };
        Ok(Row {
            line,
            path: below(&field(self.path, "path")?)?,
            label: field(self.label, "label")?,
            side,
            group: self.group.map(|column| field(column, "group")).transpose()?,
        })
    }
}

/// The path without `.` and doubled slashes; refused if it leaves the table's folder.
fn below(path: &str) -> Result<String, String> {
    let mut names = Vec::new();
    for component in PathBuf::from(path).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => names.push(name.to_string_lossy().into_owned()),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(format!(
                    "the path {path:?} leads out of the table's folder; write it relative to that, without .."
                ));
            }
        }
    }
    if names.is_empty() { Err(format!("the path {path:?} names no file")) } else { Ok(names.join("/")) }
}

/// What the parser found wrong, in one line.
fn failed(table: &Path, error: &csv::Error) -> DataError {
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has another number of fields ({len}) than the header ({expected_len})")
        }
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8; save the table in that encoding".to_owned(),
        _ => return DataError::own(table, super::raw::one_line(&error.to_string())),
    };
    let line = error.position().map_or(1, csv::Position::line);
    DataError::Row { file: table.to_owned(), line, reason }
}
