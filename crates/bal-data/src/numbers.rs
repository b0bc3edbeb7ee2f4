//! Tables of numbers: a name for each column, a number in each field.

mod division;
mod uci;

use std::collections::BTreeSet;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::{DataError, Digest, text};

pub use self::division::test_rows;
pub use self::uci::UciTable;

/// A table of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberTable {
    /// The names of the columns, all different.
    pub columns: Vec<String>,
    /// A number for each column, finite.
    pub rows: Vec<Vec<f64>>,
    /// SHA-256 of its text, without a byte order mark.
    pub digest: Digest,
}

/// What separates fields; of those that cut the header into equally many, the first.
const SEPARATORS: [u8; 3] = *b",;\t";

impl NumberTable {
    /// Reads a table in UTF-8 with a header, separated by commas, semicolons or tabs, without the columns of `ignore`.
    ///
    /// # Errors
    /// [`DataError`] naming the file and the line: a field that is no finite number, a row of another length, a header without
    /// names or with a name twice, an ignored column that is not there, no rows.
    pub fn read(file: &Path, ignore: &[String]) -> Result<Self, DataError> {
        Self::of(file, |names| {
            if let Some(column) = ignore.iter().find(|column| !names.contains(column)) {
                return Err(format!(
                    "there is no column {column:?} to ignore; there are {}",
                    names.join(", ")
                ));
            }
            Ok((0..names.len()).filter(|&column| !ignore.contains(&names[column])).collect())
        })
    }

    /// Reads these columns of a table, in this order; others may hold anything.
    ///
    /// # Errors
    /// As [`Self::read`]; when a column is not there.
    pub fn read_columns(file: &Path, columns: &[&str]) -> Result<Self, DataError> {
        let place = |names: &[String], column: &str| {
            let place = names.iter().position(|name| name == column);
            place.ok_or_else(|| format!("there is no column {column:?}; there are {}", names.join(", ")))
        };
        Self::of(file, |names| columns.iter().map(|column| place(names, column)).collect())
    }

    /// The table of the columns whose places `used` says, given all names.
    fn of(file: &Path, used: impl Fn(&[String]) -> Result<Vec<usize>, String>) -> Result<Self, DataError> {
        let text = text::read(file)?;
        let refused = |line, reason| DataError::Row { file: file.to_owned(), line, reason };
        let reader = |separator| {
            ReaderBuilder::new().trim(Trim::All).delimiter(separator).from_reader(text.as_bytes())
        };
        let header = |separator: u8| reader(separator).headers().cloned().unwrap_or_default();
        let separator =
            SEPARATORS.into_iter().rev().max_by_key(|&separator| header(separator).len()).unwrap_or(b',');
        let header = header(separator);
        let names = names(&header).map_err(|reason| refused(1, reason))?;
        let used = used(&names).map_err(|reason| refused(1, reason))?;
        let mut rows = Vec::new();
        for record in reader(separator).records() {
            let record = record.map_err(|error| text::failed(file, &error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let number = |&column: &usize| number(&names[column], record.get(column).unwrap_or_default());
            rows.push(
                used.iter().map(number).collect::<Result<_, _>>().map_err(|reason| refused(line, reason))?,
            );
        }
        if rows.is_empty() {
            return Err(DataError::own(file, "has no row below its header".to_owned()));
        }
        let columns = used.into_iter().map(|column| names[column].clone()).collect();
        Ok(Self { columns, rows, digest: Digest::of(text.as_bytes()) })
    }

    /// The place of the column that is called `name`.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }
}

/// The names of a header.
fn names(header: &StringRecord) -> Result<Vec<String>, String> {
    let names: Vec<String> = header.iter().map(ToOwned::to_owned).collect();
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        return Err(
            "holds numbers where the names of the columns are wanted; add a line with names above it"
                .to_owned(),
        );
    }
    let mut seen = BTreeSet::new();
    for name in &names {
        if name.is_empty() {
            return Err("a column has no name".to_owned());
        }
        if !seen.insert(name) {
            return Err(format!("two columns are called {name:?}"));
        }
    }
    Ok(names)
}

fn number(column: &str, text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ if text.is_empty() => Err(format!("column {column:?} is empty; fill it, or leave the row out")),
        Ok(_) => Err(format!("column {column:?} has {text}, which is not finite")),
        Err(_) => Err(format!(
            "column {column:?} has {text:?}, which is no number; turn it into numbers, or ignore the column"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, ignore: &[&str]) -> Result<NumberTable, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("houses.csv");
        std::fs::write(&file, text).unwrap();
        let ignore: Vec<String> = ignore.iter().map(ToString::to_string).collect();
        NumberTable::read(&file, &ignore).map_err(|error| {
            let text = error.to_string();
            assert!(text.contains("houses.csv"), "{text}");
            text
        })
    }

    #[test]
    fn commas_semicolons_and_tabs_separate() {
        for separator in [",", ";", "\t"] {
            let text = "\u{feff}size, rooms ,price\n1, 2.5,3e2\r\n-4,5,6\n".replace(',', separator);
            let table = read(&text, &[]).unwrap();
            assert_eq!(table.columns, ["size", "rooms", "price"]);
            assert_eq!(table.rows, [[1.0, 2.5, 300.0], [-4.0, 5.0, 6.0]]);
            assert_eq!((table.column("price"), table.column("Price")), (Some(2), None));
        }
    }

    #[test]
    fn ignored_columns_may_hold_anything() {
        let table = read("city,size,price\nOslo,1,2\n,3,4\n", &["city"]).unwrap();
        assert_eq!(table.columns, ["size", "price"]);
        assert_eq!(table.rows, [[1.0, 2.0], [3.0, 4.0]]);
    }

    #[test]
    fn columns_are_found_by_name_wherever_they_stand() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new.csv");
        std::fs::write(&file, "city,rooms,size\nOslo,3,70\nBonn,2,50\n").unwrap();
        let table = NumberTable::read_columns(&file, &["size", "rooms"]).unwrap();
        assert_eq!(
            (table.columns, table.rows),
            (vec!["size".into(), "rooms".into()], vec![vec![70.0, 3.0], vec![50.0, 2.0]])
        );
        let error = NumberTable::read_columns(&file, &["price"]).unwrap_err().to_string();
        assert!(error.contains("no column \"price\"; there are city, rooms, size"), "{error}");
    }

    #[test]
    fn what_is_no_table_of_numbers_is_refused_by_line_and_column() {
        for (text, ignore, words) in [
            ("size,city\n1,2\n3,Oslo\n", &[][..], "line 3: column \"city\" has \"Oslo\", which is no number"),
            ("a,b\n1,\n", &[], "line 2: column \"b\" is empty"),
            ("a,b\n1,inf\n", &[], "line 2: column \"b\" has inf"),
            ("a,b\n1,2,3\n", &[], "line 2: has another number of fields"),
            ("1,2\n3,4\n", &[], "line 1: holds numbers where the names"),
            ("a,a\n1,2\n", &[], "two columns are called \"a\""),
            ("a,\n1,2\n", &[], "a column has no name"),
            ("a,b\n", &[], "no row"),
            ("a,b\n1,2\n", &["c"], "no column \"c\" to ignore; there are a, b"),
        ] {
            let error = read(text, ignore).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
