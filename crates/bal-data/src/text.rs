//! Files of text: tables, and what is written beside them.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::DataError;
use crate::own::raw;

/// The most bytes of a table.
const MOST_BYTES: u64 = 1 << 30;

/// The text of a table, without a byte order mark.
pub(crate) fn read(table: &Path) -> Result<String, DataError> {
    let refused = |reason: String| Err(DataError::own(table, reason));
    let failed = |e| DataError::read(table, e);
    let metadata = fs::metadata(table).map_err(failed)?;
    if !metadata.is_file() {
        return refused("is not a file".to_owned());
    }
    if metadata.len() > MOST_BYTES {
        return refused(format!("has {} bytes, more than the {MOST_BYTES} allowed", metadata.len()));
    }
    let mut bytes = Vec::new();
    fs::File::open(table).map_err(failed)?.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return refused("is in UTF-16; save the table in UTF-8".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }
            Ok(text)
        }
        Err(error) => {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = before.split(|&byte| byte == b'\n').count() as u64;
            let reason = "is not UTF-8; save the table in that encoding".to_owned();
            Err(DataError::Row { file: table.to_owned(), line, reason })
        }
    }
}

/// What the parser found wrong, in one line.
pub(crate) fn failed(table: &Path, error: &csv::Error) -> DataError {
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has another number of fields ({len}) than the header ({expected_len})")
        }
        _ => return DataError::own(table, raw::one_line(&error.to_string())),
    };
    let line = error.position().map_or(1, csv::Position::line);
    DataError::Row { file: table.to_owned(), line, reason }
}
