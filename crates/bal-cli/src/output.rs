//! Files that a command is asked to write.
//!
//! `-` is standard output. What else the command has to say then goes to standard error, so that nothing is mixed.

use crate::console::{self, print};
use anyhow::{Context, Result, bail};
use bal_files::{Place, place};
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};

/// As which `-` is known from here on, in messages too.
const STANDARD_OUTPUT: &str = "/dev/stdout";

/// Reads the value of a flag that names a file to write.
pub(crate) fn parser() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().map(|path| if path == Path::new("-") { STANDARD_OUTPUT.into() } else { path })
}

/// Refuses, before the long work, files of which one could not be written after it, or would be written over another.
pub(crate) fn can_be_written<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let mut taken: Vec<Place> = Vec::new();
    for file in files {
        bal_files::writable(file).with_context(|| format!("cannot write {}", file.display()))?;
        let place = place(file)?;
        let is_lost = matches!(place, Place::File(_) | Place::StandardOutput) && taken.contains(&place);
        if is_lost {
            bail!("{} is named for two outputs; name another file for one of them", file.display());
        }
        if place == Place::StandardOutput {
            console::leave_standard_output();
        }
        taken.push(place);
    }
    Ok(())
}

/// Puts `bytes` where `path` leads.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    bal_files::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_is_not_named_for_two_outputs_even_by_a_link() {
        let place = tempfile::tempdir().unwrap();
        let [a, b, link] = ["a", "b", "link"].map(|name| place.path().join(name));
        std::os::unix::fs::symlink("a", &link).unwrap();
        can_be_written([a.as_path(), &b, Path::new("/dev/null"), Path::new("/dev/null")]).unwrap();
        let error = can_be_written([a.as_path(), &b, &link]).unwrap_err().to_string();
        assert!(error.contains("link is named for two outputs"), "{error}");
    }
}
