//! `datasets/manifest.toml`: for each set its licence, its files with sizes and digests, and its sources in order.
//!
//! A file has two digests: that of the `.gz` as its authors published it, and that of the unpacked content.
//! Copies that were compressed anew differ in the first and agree in the second.
//!
//! A set in archives (CIFAR) has a SHA-256 digest and the authors' MD5 digest of each archive, and both have to agree. One
//! right archive is enough.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{Content, DataError, Md5, Set};

/// The manifest of all sets, checked on reading.
#[derive(Clone, Debug)]
pub struct Manifest {
    file: PathBuf,
    entries: BTreeMap<Set, Entry>,
}

/// What the manifest knows of one set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The set.
    pub name: Set,
    /// Licence of the data.
    pub licence: String,
    /// What a user can do when no source answers, to end a sentence with.
    pub hint: String,
    /// Where the files are, first choice first; a mirror given by the user comes before all.
    pub sources: Vec<Source>,
    /// The files, exactly those of [`Set::files`].
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// The archives of which one is enough, exactly those of [`Set::archives`].
    #[serde(default)]
    pub archives: Vec<ArchiveEntry>,
    /// Official archives from which the files can be prepared (GTSRB).
    pub official: Option<Official>,
}

/// One place that has all files of a set, each under its own name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SourceTable")]
pub struct Source {
    /// Address (key `url`) or folder (key `folder`).
    pub place: Place,
    /// Whether the `.gz` files there are those of the manifest byte for byte.
    pub gzip: Gzip,
}

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Base address; a slash and the file name follow.
    Url(String),
    /// Folder of this machine, such as that of an installed package.
    Folder(PathBuf),
}

/// How the `.gz` files of a source compare with the published ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gzip {
    /// Byte for byte the same.
    Identical,
    /// Compressed anew or with another header: only the unpacked content is the same.
    Rewritten,
}

/// One file of a set.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Name in the set's folder and below each source.
    pub name: String,
    /// The `.gz` as published.
    pub gz: Content,
    /// What it unpacks to.
    pub unpacked: Content,
}

/// One archive of a set (CIFAR), as its authors publish it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveEntry {
    /// Name in the set's folder and below each source.
    pub name: String,
    /// Size and SHA-256 digest.
    pub content: Content,
    /// The digest that the authors publish.
    pub md5: Md5,
}

/// The official archives of GTSRB, and what their frames must decode to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Official {
    /// Base address; a slash and the archive's name follow.
    pub url: String,
    /// Training frames with their annotations.
    pub training: Archive,
    /// Test frames.
    pub test: Archive,
    /// Classes of the test frames.
    pub truth: Archive,
    /// RGB bytes of all training frames, by class, track and frame.
    pub training_pixels: Content,
    /// RGB bytes of all test frames, by number.
    pub test_pixels: Content,
}

/// One archive; no digest of it is published, its decoded frames are checked instead.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Name below the base address and in the set's folder.
    pub name: String,
    /// A download that grows beyond this is broken off.
    pub at_most_bytes: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    set: Vec<Entry>,
}

/// A [`Source`] as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    url: Option<String>,
    folder: Option<PathBuf>,
    gzip: Gzip,
}

impl TryFrom<SourceTable> for Source {
    type Error = String;

    fn try_from(table: SourceTable) -> Result<Self, String> {
        let place = match (table.url, table.folder) {
            (Some(url), None) => {
                check_url(&url)?;
                Place::Url(url)
            }
            (None, Some(folder)) => Place::Folder(folder),
            _ => return Err("a source has either url or folder".to_owned()),
        };
        Ok(Self { place, gzip: table.gzip })
    }
}

impl Manifest {
    /// Reads and checks the manifest at `path`.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let text = std::fs::read_to_string(path).map_err(|e| DataError::read(path, e))?;
        Self::parse(&text, path)
    }

    /// The manifest of this source tree, as it was when the program was compiled.
    pub fn built_in() -> Result<Self, DataError> {
        let text = include_str!("../manifest.toml");
        Self::parse(text, Path::new("datasets/manifest.toml"))
    }

    /// Checks the manifest `text`; errors name `file`.
    ///
    /// Unknown keys, a set that is listed twice, and file names other than those of [`Set::files`] are refused.
    pub fn parse(text: &str, file: &Path) -> Result<Self, DataError> {
        let wrong = |reason: String| DataError::Manifest { file: file.to_owned(), reason };
        let document: Document = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        let mut entries = BTreeMap::new();
        for entry in document.set {
            let set = entry.name;
            entry.check().map_err(|reason| wrong(format!("set {set}: {reason}")))?;
            if entries.insert(set, entry).is_some() {
                return Err(wrong(format!("set {set} is listed twice")));
            }
        }
        Ok(Self { file: file.to_owned(), entries })
    }

    /// What the manifest knows of `set`.
    pub fn entry(&self, set: Set) -> Result<&Entry, DataError> {
        self.entries.get(&set).ok_or_else(|| DataError::Manifest {
            file: self.file.clone(),
            reason: format!("set {set} is not listed"),
        })
    }
}

impl Entry {
    /// The file named `name`, if the set has it.
    pub fn file(&self, name: &str) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.name == name)
    }

    /// What types cannot say.
    fn check(&self) -> Result<(), String> {
        let names: Vec<_> = self.files.iter().map(|file| file.name.as_str()).collect();
        let expected = self.name.files().map(|files| files.all()).unwrap_or_default();
        if names != expected {
            return Err(format!("files are {names:?}, expected {expected:?} in this order"));
        }
        let archives: Vec<_> = self.archives.iter().map(|archive| archive.name.as_str()).collect();
        let expected = self.name.archives();
        if archives != expected {
            return Err(format!("archives are {archives:?}, expected {expected:?} in this order"));
        }
        match &self.official {
            Some(official) if self.name == Set::Gtsrb => official.check(),
            Some(_) => Err("only gtsrb is prepared from official archives".to_owned()),
            None => Ok(()),
        }
    }
}

impl Official {
    /// The archives: training frames, test frames, test classes.
    pub fn archives(&self) -> [&Archive; 3] {
        [&self.training, &self.test, &self.truth]
    }

    fn check(&self) -> Result<(), String> {
        check_url(&self.url)?;
        for archive in self.archives() {
            // The name becomes part of a path.
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
            if archive.name.starts_with('.') || archive.name.is_empty() || !archive.name.bytes().all(plain) {
                return Err(format!("archive name {:?} is not a plain file name", archive.name));
            }
        }
        Ok(())
    }
}

fn check_url(url: &str) -> Result<(), String> {
    if (url.starts_with("https://") || url.starts_with("http://")) && !url.ends_with('/') {
        Ok(())
    } else {
        Err(format!("{url:?} is not an http:// or https:// address without a slash at its end"))
    }
}

#[cfg(test)]
mod tests;
