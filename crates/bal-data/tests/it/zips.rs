//! The GTSRB fixture as entries in memory, to be changed and zipped again.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use bal_data::gtsrb::OfficialZips;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

pub(crate) const TRAINING: &str = "GTSRB_Final_Training_Images.zip";
pub(crate) const TEST: &str = "GTSRB_Final_Test_Images.zip";
pub(crate) const TRUTH: &str = "GTSRB_Final_Test_GT.zip";

/// The folder of the fixture.
pub(crate) fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/gtsrb")
}

/// The three archives of a folder.
pub(crate) fn zips_in(folder: &Path) -> OfficialZips {
    OfficialZips { training: folder.join(TRAINING), test: folder.join(TEST), truth: folder.join(TRUTH) }
}

/// Names and contents of an archive.
pub(crate) type Entries = Vec<(String, Vec<u8>)>;

/// The fixture's entries, archive by archive.
#[derive(Clone)]
pub(crate) struct Zips {
    pub(crate) training: Entries,
    pub(crate) test: Entries,
    pub(crate) truth: Entries,
}

impl Zips {
    pub(crate) fn of_fixture() -> Self {
        let read = |name| {
            let mut archive = ZipArchive::new(File::open(fixture().join(name)).unwrap()).unwrap();
            let mut entry = |index| {
                let mut entry = archive.by_index(index).unwrap();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                (entry.name().unwrap().into_owned(), bytes)
            };
            (0..ZipArchive::new(File::open(fixture().join(name)).unwrap()).unwrap().len())
                .map(&mut entry)
                .collect()
        };
        Self { training: read(TRAINING), test: read(TEST), truth: read(TRUTH) }
    }

    /// Writes the three archives.
    pub(crate) fn store(&self, folder: &Path) -> OfficialZips {
        let zips = zips_in(folder);
        for (path, entries) in
            [(&zips.training, &self.training), (&zips.test, &self.test), (&zips.truth, &self.truth)]
        {
            fs::write(path, zipped(entries)).unwrap();
        }
        zips
    }
}

/// The entry whose name ends with `end`.
pub(crate) fn entry<'a>(entries: &'a mut Entries, end: &str) -> &'a mut (String, Vec<u8>) {
    entries.iter_mut().find(|(name, _)| name.ends_with(end)).unwrap()
}

/// Replaces text in the entry whose name ends with `end`.
pub(crate) fn edit(entries: &mut Entries, end: &str, from: &str, to: &str) {
    let (_, bytes) = entry(entries, end);
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    *bytes = text.replacen(from, to, 1).into_bytes();
}

/// A zip archive of these entries.
pub(crate) fn zipped(entries: &Entries) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    for (name, content) in entries {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap();
    bytes.into_inner()
}
