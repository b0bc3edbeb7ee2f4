//! Names of what is not finished, by which it is known when its process was killed.

use std::{
    ffi::{OsStr, OsString},
    fs,
    path::Path,
};

/// Ends the name of every file and folder in the making: `.record.json.k3Jb2x.unfinished`.
pub(crate) const SUFFIX: &str = ".unfinished";

/// Whether this is the name of a file or folder in the making: that of a process that is at work, or was killed.
pub fn is_unfinished(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') && name.ends_with(SUFFIX)
}

/// How the name begins of what will become `goal`.
pub(crate) fn prefix(goal: &Path) -> OsString {
    // A long name would become too long; by its beginning it is still known.
    let name = goal.file_name().unwrap_or_default().to_string_lossy();
    format!(".{}.", name.chars().take(40).collect::<String>()).into()
}

/// Removes unfinished files from a folder. Folders stay: none is made where this is called.
pub(crate) fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_unfinished(&entry.file_name()) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_file(entry.path());
        }
    }
}
