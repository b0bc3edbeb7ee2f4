//! Whole files, with this crate's error.

use crate::ReportError;
use std::path::Path;

/// Puts `bytes` where `path` leads, as [`bal_files::write`] does.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    bal_files::write(path, bytes).map_err(|source| ReportError::Write { path: path.to_owned(), source })
}
