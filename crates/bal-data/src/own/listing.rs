//! What is to be read, before anything is: a line per image, and what lies beside.

use std::ffi::OsStr;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::bad::Skipped;
use super::classes::Classes;
use super::litter::is_left_alone;
use super::name;
use crate::DataError;

/// The side of the split that an image is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Train,
    /// Put apart from both, to choose settings by.
    HeldOut,
    Test,
}

/// One image that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Path below the root with `/` between names, in one Unicode form: for reports and digests, the same on every machine.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) label: u16,
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
    pub(super) classes: Classes,
    pub(super) entries: Vec<Entry>,
    /// What groups are called, by number: their side of a drawn split follows from it.
    pub(super) groups: Vec<String>,
    /// Files that are no images by their names.
    pub(super) bad: Vec<Skipped>,
    /// What is left alone: hidden files and litter, and files beside the class folders.
    pub(super) ignored: Vec<String>,
    /// What else is to be said of how the place was taken.
    pub(super) remarks: Vec<String>,
}

/// What a folder shows.
pub(super) struct Visible {
    /// Sorted by the bytes of their names.
    pub(super) items: Vec<Item>,
    /// Names of hidden files and of litter, sorted.
    pub(super) left_alone: Vec<String>,
    /// Names that are not one line of text, as they can be shown, sorted.
    pub(super) unnameable: Vec<Unnameable>,
}

/// A file or folder in a folder.
pub(super) struct Item {
    /// In one Unicode form.
    pub(super) name: String,
    /// As it is on disk.
    pub(super) path: PathBuf,
    /// Also of a link to a folder.
    pub(super) is_folder: bool,
}

/// A file or folder whose name is not UTF-8 or has control characters.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Unnameable {
    /// The name, what cannot be shown escaped.
    pub(super) shown: String,
    pub(super) fault: &'static str,
    pub(super) is_folder: bool,
}

impl Unnameable {
    /// What is wrong with it, in words.
    pub(super) fn reason(&self) -> String {
        format!("has a name {}; rename it", self.fault)
    }
}

/// Lists a folder.
pub(super) fn visible(folder: &Path) -> Result<Visible, DataError> {
    let failed = |e| DataError::read(folder, e);
    let mut found = Visible { items: vec![], left_alone: vec![], unnameable: vec![] };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (file_name, path) = (entry.file_name(), entry.path());
        // Links are followed; one that leads nowhere is a file that cannot be read.
        let is_folder = match entry.file_type() {
            Ok(kind) if kind.is_dir() || kind.is_file() => kind.is_dir(),
            _ => fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir()),
        };
        match text(&file_name) {
            Ok(name) => {
                found.items.push(Item { name: name::canonical(name), path, is_folder });
            }
            Err(_) if is_left_alone(&file_name.to_string_lossy()) => {
                found.left_alone.push(escaped(&file_name));
            }
            Err(fault) => {
                found.unnameable.push(Unnameable { shown: escaped(&file_name), fault, is_folder });
            }
        }
    }
    let (left_alone, items) = found.items.into_iter().partition(|item| is_left_alone(&item.name));
    found.items = items;
    found.left_alone.extend(left_alone.into_iter().map(|item: Item| item.name));
    found.items.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    found.left_alone.sort();
    found.unnameable.sort();
    Ok(found)
}

/// The name of a file as a line of text; else, in a line, what it is and what is wrong with it.
///
/// # Errors
///
/// A name that is not UTF-8 or has control characters.
pub fn line_of_text(name: &OsStr) -> Result<&str, String> {
    text(name).map_err(|fault| format!("{}: has a name {fault}; rename it", escaped(name)))
}

/// The name of a file as a line of text; else what is wrong with it.
fn text(name: &OsStr) -> Result<&str, &'static str> {
    let name = name.to_str().ok_or("that is not UTF-8")?;
    if name.chars().any(char::is_control) { Err("with control characters") } else { Ok(name) }
}

/// A name on one line, bytes that are no text and control characters as escapes.
fn escaped(name: &OsStr) -> String {
    let mut shown = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_control() { shown.extend(letter.escape_default()) } else { shown.push(letter) }
        }
        for byte in chunk.invalid() {
            // Writing into a text does not fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}
