//! What is to be read, before anything is: a line per image, and what lies beside.

use std::fs;
use std::path::{Path, PathBuf};

use super::bad::Skipped;
use crate::DataError;

/// The side of the split that an image is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Train,
    Test,
}

/// One image that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Path below the root with `/` between names: for reports and digests, the same on every machine.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) label: u8,
    /// `None` where the split is still to be drawn; for all entries or none.
    pub(super) side: Option<Side>,
    /// Number of the group; for all entries or none.
    pub(super) group: Option<u32>,
}

/// All images of a data set.
#[derive(Debug)]
pub(super) struct Listing {
    /// The folder or table.
    pub(super) root: PathBuf,
    pub(super) classes: Vec<String>,
    pub(super) entries: Vec<Entry>,
    /// Files that are no images by their names.
    pub(super) bad: Vec<Skipped>,
    /// What is left alone: hidden files, and files beside the class folders.
    pub(super) ignored: Vec<String>,
}

/// What a folder shows.
pub(super) struct Visible {
    /// Sorted by the bytes of their names.
    pub(super) items: Vec<Item>,
    /// Hidden names, sorted.
    pub(super) hidden: Vec<String>,
}

/// A file or folder in a folder.
pub(super) struct Item {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Also of a link to a folder.
    pub(super) is_folder: bool,
}

/// Lists a folder; names that cannot be shown in one line of text are refused.
pub(super) fn visible(folder: &Path) -> Result<Visible, DataError> {
    let failed = |e| DataError::read(folder, e);
    let mut found = Visible { items: vec![], hidden: vec![] };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = match entry.file_name().into_string() {
            Ok(name) if !name.chars().any(char::is_control) => name,
            Ok(name) => {
                let reason =
                    format!("has a file or folder {name:?}, a name with control characters; rename it");
                return Err(DataError::own(folder, reason));
            }
            Err(name) => {
                let reason = format!(
                    "has a file or folder {:?}, a name that is not UTF-8; rename it",
                    name.to_string_lossy()
                );
                return Err(DataError::own(folder, reason));
            }
        };
        if name.starts_with('.') {
            found.hidden.push(name);
            continue;
        }
        let path = entry.path();
        // A link that leads nowhere is a file that cannot be read.
        let is_folder = fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        found.items.push(Item { name, path, is_folder });
    }
    found.items.sort_by(|a, b| a.name.cmp(&b.name));
    found.hidden.sort();
    Ok(found)
}

/// Whether a file with this name should be an image.
pub(super) fn named_as_image(name: &str) -> bool {
    let end = Path::new(name).extension().and_then(|end| end.to_str()).unwrap_or_default();
    ["png", "jpg", "jpeg", "ppm", "pgm", "pbm", "pnm"].iter().any(|known| end.eq_ignore_ascii_case(known))
}
