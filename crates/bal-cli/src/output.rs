//! Files that a command is asked to write.
//!
//! `-` is standard output. What else the command has to say then goes to standard error, so that nothing is mixed.

use crate::console::{self, print};
use anyhow::Result;
use bal_files::{Place, place};
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// As which `-` is known from here on, in messages too.
const STANDARD_OUTPUT: &str = "/dev/stdout";

/// Reads the value of a flag that names a file to write.
pub(crate) fn parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(|path| if path == Path::new("-") { STANDARD_OUTPUT.into() } else { path })
}

/// Refuses, before the long work, files of which one could not be written after it, or would be written over another; what
/// else there is to say leaves standard output to a file that is it.
pub(crate) fn can_be_written<'a>(files: impl IntoIterator<Item = &'a Path> + Clone) -> Result<()> {
    bal::can_be_written(files.clone())?;
    if files.into_iter().any(is_standard) {
        console::leave_standard_output();
    }
    Ok(())
}

/// The regular file that `path` leads to, unless it leads to something else.
pub(crate) fn file(path: &Path) -> Option<PathBuf> {
    match place(path) {
        Ok(Place::File(file)) => Some(file),
        _ => None,
    }
}

/// Whether `path` leads to standard output.
pub(crate) fn is_standard(path: &Path) -> bool {
    place(path).is_ok_and(|place| place == Place::StandardOutput)
}

/// Says where the one result of a command is, unless the user has just read it.
pub(crate) fn written(path: &Path) {
    if !is_standard(path) {
        print(&path.display().to_string());
    }
}
