//! A zip archive whose entries are all checked by name before the first is read; nothing is ever extracted to disk.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::DataError;

/// The official training archive has 39,209 frames and some forty other entries.
const MOST_ENTRIES: usize = 100_000;

/// An archive open for reading.
pub(super) struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
}

impl Archive {
    /// Opens the archive at `path`.
    ///
    /// An entry that is encrypted, or whose name is absolute, climbs out of its folder or is not readable text, makes
    /// the whole archive refused: it is not the official one.
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|e| DataError::read(path, e))?;
        let zip = ZipArchive::new(BufReader::new(file))
            .map_err(|e| DataError::Zip { file: path.to_owned(), reason: e.to_string() })?;
        let refused = |reason: &str| Err(DataError::Zip { file: path.to_owned(), reason: reason.to_owned() });
        if zip.len() > MOST_ENTRIES {
            return refused(&format!("has {} entries, more than {MOST_ENTRIES}", zip.len()));
        }
        if zip.has_duplicate_names() {
            return refused("has two entries of the same name");
        }
        let archive = Self { path: path.to_owned(), zip };
        for index in 0..archive.zip.len() {
            archive.check(index)?;
        }
        Ok(archive)
    }

    /// Names of all entries, each with the index that [`Archive::read`] wants.
    pub(super) fn names(&self) -> impl Iterator<Item = (usize, String)> {
        (0..self.zip.len()).filter_map(|index| {
            let name = self.zip.name_for_index(index)?.ok()?;
            Some((index, name.into_owned()))
        })
    }

    /// Unpacks the entry `name` at `index`; more than `at_most` bytes are refused, whatever the header declares.
    pub(super) fn read(&mut self, index: usize, name: &str, at_most: u64) -> Result<Vec<u8>, DataError> {
        let path = &self.path;
        let failed = |reason: String| fault(path, name, reason);
        let entry = self.zip.by_index(index).map_err(|e| failed(e.to_string()))?;
        let mut bytes = Vec::new();
        entry.take(at_most.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?;
        if bytes.len() as u64 > at_most {
            return Err(failed(format!("unpacks to more than {at_most} bytes")));
        }
        Ok(bytes)
    }

    /// An error that names the entry.
    pub(super) fn fault(&self, entry: &str, reason: impl Into<String>) -> DataError {
        fault(&self.path, entry, reason)
    }

    /// An error that names the archive.
    pub(super) fn wrong(&self, reason: impl Into<String>) -> DataError {
        DataError::Zip { file: self.path.clone(), reason: reason.into() }
    }

    /// Refuses an entry that an honest archive does not have.
    fn check(&self, index: usize) -> Result<(), DataError> {
        let entry = self.zip.by_index_data(index).map_err(|e| self.wrong(e.to_string()))?;
        let raw = String::from_utf8_lossy(entry.name_raw());
        let name = entry.name().map_err(|e| self.fault(&raw, e.to_string()))?;
        if let Some(reason) = unsafe_name(&name) {
            return Err(self.fault(&name, reason));
        }
        if entry.encrypted() {
            return Err(self.fault(&name, "is encrypted"));
        }
        if entry.is_symlink() {
            return Err(self.fault(&name, "is a symbolic link"));
        }
        Ok(())
    }
}

fn fault(file: &Path, entry: &str, reason: impl Into<String>) -> DataError {
    DataError::ZipEntry { file: file.to_owned(), entry: entry.to_owned(), reason: reason.into() }
}

/// Why a name could leave the folder that it is relative to, on any operating system.
fn unsafe_name(name: &str) -> Option<&'static str> {
    let separators = ['/', '\\'];
    if name.starts_with(separators) || name.as_bytes().get(1) == Some(&b':') {
        Some("has an absolute path")
    } else if name.split(separators).any(|component| component == "..") {
        Some("climbs out of its folder")
    } else if name.contains('\0') {
        Some("has a zero byte in its name")
    } else {
        None
    }
}
