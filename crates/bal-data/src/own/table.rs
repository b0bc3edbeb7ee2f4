//! A table of images: columns `path`, `label`, and perhaps `split` and `group`.

mod columns;
mod locate;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, Trim};

use self::columns::Columns;
use self::locate::Locator;
use super::class_file::read_class_names;
use super::classes::Classes;
use super::listing::{Entry, Listing, Side};
use super::{Goal, OwnSettings, name, parts};
use crate::{DataError, text};

/// The file beside a table that may say the order of classes.
const CLASSES: &str = "classes.txt";

/// Lists the images of a table, in the order of its rows. Paths count from the folder of the table.
pub(super) fn list(table: &Path, settings: &OwnSettings, goal: Goal) -> Result<Listing, DataError> {
    let Rows { mut rows, remarks } = Rows::read(table)?;
    let folder = table.parent().unwrap_or(Path::new(""));
    let beside = folder.join(CLASSES);
    let (place, given) = match &settings.classes {
        Some(given) => (table, Some(given.clone())),
        None if beside.is_file() => (beside.as_path(), Some(read_class_names(&beside)?)),
        None => (table, None),
    };
    let split = rows.iter().any(|row| row.side.is_some());
    let asked = |row: &Row| !split || goal.asks_for(row.side);
    // Where classes are listed, what is not tested on does not matter; else all are numbered together.
    let counts = |row: &&Row| settings.classes.is_none() || asked(row);
    let names: BTreeSet<&str> = rows.iter().filter(counts).map(|row| row.label.as_str()).collect();
    let classes = Classes::of(names, given.as_deref()).map_err(|reason| DataError::own(place, reason))?;
    rows.retain(asked);
    let groups: BTreeSet<String> = rows.iter().filter_map(|row| row.group.clone()).collect();
    let numbers: BTreeMap<&str, u32> = groups.iter().map(String::as_str).zip(0..).collect();
    let mut locator = Locator::new(folder);
    let entry = |row: &Row| Entry {
        name: row.name.clone(),
        path: locator.find(&row.path),
        label: classes.label(&row.label).unwrap_or_default(),
        side: row.side,
        group: row.group.as_deref().map(|group| numbers[group]),
    };
    let entries = rows.iter().map(entry).collect();
    Ok(Listing {
        root: table.to_owned(),
        entries,
        classes,
        groups: groups.into_iter().collect(),
        bad: vec![],
        ignored: vec![],
        remarks,
    })
}

struct Row {
    line: u64,
    /// Below the table's folder, with `/` between names and without `.`.
    path: String,
    /// The same in one Unicode form.
    name: String,
    label: String,
    side: Option<Side>,
    group: Option<String>,
}

struct Rows {
    rows: Vec<Row>,
    /// What is to be said of the columns and of the split.
    remarks: Vec<String>,
}

impl Rows {
    fn read(table: &Path) -> Result<Self, DataError> {
        let text = text::read(table)?;
        let columns = Columns::of(&text).map_err(|reason| DataError::own(table, reason))?;
        let mut reader =
            ReaderBuilder::new().trim(Trim::All).delimiter(columns.separator).from_reader(text.as_bytes());
        let mut lines: BTreeMap<String, u64> = BTreeMap::new();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| text::failed(table, &error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let refused = |reason| DataError::Row { file: table.to_owned(), line, reason };
            let row = row(&columns, &record, line).map_err(refused)?;
            if let Some(earlier) = lines.insert(row.name.clone(), line) {
                let reason = format!("{} is in line {earlier} already; keep one of the rows", row.path);
                return Err(refused(reason));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            return Err(DataError::own(table, "has no row below its header".to_owned()));
        }
        let sides: BTreeSet<Side> = rows.iter().filter_map(|row| row.side).collect();
        for row in &mut rows {
            row.side = row.side.map(|side| parts::meaning(side, sides.iter().copied()));
        }
        let only_val = sides.contains(&Side::HeldOut) && !sides.contains(&Side::Test);
        let val = only_val.then_some(("val", Some(Side::Test)));
        let remarks = columns.remark.into_iter().chain(parts::tested_for_lack(val.into_iter())).collect();
        let rows = Self { rows, remarks };
        rows.one_side_per_group(table)?;
        Ok(rows)
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

fn row(columns: &Columns, record: &StringRecord, line: u64) -> Result<Row, String> {
    let field = |column: usize, name: &str| match record.get(column).unwrap_or_default() {
        "" => Err(format!("the {name} is empty")),
        text if text.chars().any(char::is_control) => {
            Err(format!("the {name} {text:?} has control characters"))
        }
        text => Ok(text.to_owned()),
    };
    let side = match columns.split.map(|column| field(column, "split")).transpose()? {
        None => None,
        Some(text) => Some(
            parts::side_of(&text)
                .ok_or_else(|| format!("the split {text:?} is none of train, val and test"))?,
        ),
    };
    let path = below(&field(columns.path, "path")?)?;
    let group = columns.group.map(|column| field(column, "group")).transpose()?;
    Ok(Row {
        line,
        name: name::canonical(&path),
        path,
        label: name::canonical(&field(columns.label, "label")?),
        side,
        group: group.map(|group| name::canonical(&group)),
    })
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
