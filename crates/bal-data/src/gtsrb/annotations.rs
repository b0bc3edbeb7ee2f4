//! The annotation tables: `;`-separated, CRLF, one row per frame.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::archive::Archive;
use super::listing::Entry;
use crate::{DataError, Set};

/// The largest table, that of the test classes, has 380 kB.
const MOST_BYTES: u64 = 8 << 20;

/// One row. The columns of the sign's box within the frame are not used: frames are taken whole.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(rename = "Filename")]
    name: String,
    #[serde(rename = "Width")]
    width: u32,
    #[serde(rename = "Height")]
    height: u32,
    #[serde(rename = "Roi.X1")]
    _left: u32,
    #[serde(rename = "Roi.Y1")]
    _top: u32,
    #[serde(rename = "Roi.X2")]
    _right: u32,
    #[serde(rename = "Roi.Y2")]
    _bottom: u32,
    #[serde(rename = "ClassId")]
    class: u8,
}

/// What a table says of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Annotation {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) class: u8,
}

/// The table `entry` of `archive`, by file name. Errors name the row.
pub(super) fn read(archive: &mut Archive, entry: &Entry) -> Result<BTreeMap<String, Annotation>, DataError> {
    let bytes = archive.read(entry.index, &entry.path, MOST_BYTES)?;
    parse(&bytes).map_err(|reason| archive.fault(&entry.path, reason))
}

fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Annotation>, String> {
    let mut table = csv::ReaderBuilder::new().delimiter(b';').from_reader(bytes);
    let classes = Set::Gtsrb.classes();
    let mut annotations = BTreeMap::new();
    // The csv crate counts lines one short behind CRLF, so rows are counted here; the heading is row 1.
    for (row, at) in table.deserialize::<Row>().zip(2..) {
        let row = row.map_err(|error| match error.kind() {
            csv::ErrorKind::Deserialize { err, .. } => format!("row {at}: {err}"),
            _ => format!("row {at}: {error}"),
        })?;
        if usize::from(row.class) >= classes {
            return Err(format!("row {at}: class {} is not in 0..{classes}", row.class));
        }
        let annotation = Annotation { width: row.width, height: row.height, class: row.class };
        if annotations.insert(row.name.clone(), annotation).is_some() {
            return Err(format!("row {at}: {} is listed twice", row.name));
        }
    }
    Ok(annotations)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n";

    #[test]
    fn reads_rows_by_file_name() {
        let text =
            format!("{HEAD}00000_00000.ppm;29;30;5;6;24;25;0\r\n00000_00012.ppm;37;38;5;6;32;33;42\r\n");
        let table = parse(text.as_bytes()).unwrap();
        assert_eq!(table.len(), 2);
        assert_eq!(table["00000_00012.ppm"], Annotation { width: 37, height: 38, class: 42 });
    }

    #[test]
    fn hostile_tables_get_an_error_with_the_row() {
        let cases = [
            ("class", format!("{HEAD}a.ppm;1;1;0;0;0;0;43\r\n"), "row 2: class 43 is not in 0..43"),
            (
                "twice",
                format!("{HEAD}a.ppm;1;1;0;0;0;0;1\r\na.ppm;1;1;0;0;0;0;1\r\n"),
                "row 3: a.ppm is listed twice",
            ),
            ("number", format!("{HEAD}a.ppm;wide;1;0;0;0;0;1\r\n"), "row 2"),
            ("negative", format!("{HEAD}a.ppm;1;1;0;0;0;0;1\r\nb.ppm;-1;1;0;0;0;0;1\r\n"), "row 3"),
            ("cut", format!("{HEAD}a.ppm;1;1;0\r\n"), "row 2"),
            ("column missing", "Filename;Width\r\na.ppm;1\r\n".to_owned(), "missing field"),
            ("not text", format!("{HEAD}\u{0}\u{1};;;\r\n"), "row 2"),
        ];
        for (name, text, expected) in cases {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(expected), "{name}: {error}");
        }
        assert!(parse(b"\xff\xfe;\r\n\xff;1\r\n").is_err());
    }
}
