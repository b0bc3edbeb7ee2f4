//! Reads and writes one JSON value per file, with errors that name the file.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ReportError, whole};

/// The value in the file; the error names the file, the key and the line.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ReportError> {
    let bytes = fs::read(path).map_err(|source| ReportError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes).map_err(|source| ReportError::Parse { path: path.to_owned(), source })
}

/// Writes the value, indented and with a final newline, whole or not at all.
pub fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), ReportError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|source| ReportError::Parse { path: path.to_owned(), source })?;
    bytes.push(b'\n');
    whole::write(path, &bytes)
}
