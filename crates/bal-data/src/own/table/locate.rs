//! The file that a table means, where its name may be written in another Unicode form than on disk.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::name::canonical;

/// Finds files below a folder.
pub(super) struct Locator {
    root: PathBuf,
    /// For folders that were looked into, the names on disk by their canonical form.
    listed: HashMap<PathBuf, HashMap<String, OsString>>,
}

impl Locator {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), listed: HashMap::new() }
    }

    /// The file of a path with `/` between names: the very one, else one whose names differ in their Unicode form only.
    /// What is not there stays as it is written.
    pub(super) fn find(&mut self, path: &str) -> PathBuf {
        let literal = self.root.join(path);
        if path.is_ascii() || literal.symlink_metadata().is_ok() {
            return literal;
        }
        let mut found = self.root.clone();
        for name in path.split('/') {
            let names = self.listed.entry(found.clone()).or_insert_with_key(|folder| names_in(folder));
            match names.get(&canonical(name)) {
                Some(on_disk) => found.push(on_disk),
                None => return literal,
            }
        }
        found
    }
}

/// Names in a folder by their canonical form; none of what cannot be listed.
fn names_in(folder: &Path) -> HashMap<String, OsString> {
    let mut names: Vec<OsString> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    // Of two forms of one name the same one each time.
    names.sort_unstable_by(|a, b| b.cmp(a));
    names.into_iter().filter_map(|name| Some((canonical(name.to_str()?), name.clone()))).collect()
}
