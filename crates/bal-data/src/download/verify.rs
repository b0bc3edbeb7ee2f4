//! Whether a file is what the manifest says, by the digest of the `.gz`, of its content, or of an archive.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::digest::HashingReader;
use crate::manifest::{ArchiveEntry, FileEntry, Gzip};
use crate::{Content, DataError, Md5};

impl FileEntry {
    /// Checks the file at `path`; errors call it `name`.
    ///
    /// [`Gzip::Identical`] wants the published `.gz`. [`Gzip::Rewritten`] takes that too, else unpacks the file
    /// (no further than one byte beyond the expected size) and wants the published content.
    pub(crate) fn verify(&self, path: &Path, name: &Path, gzip: Gzip) -> Result<(), DataError> {
        let found = Content::of_file(path)?;
        if found == self.gz {
            return Ok(());
        }
        let unpacked = match gzip {
            Gzip::Identical => String::new(),
            Gzip::Rewritten => match self.unpacked_fault(path)? {
                None => return Ok(()),
                Some(fault) => format!("; {fault}"),
            },
        };
        let (expected, found) = (Box::new(self.gz), Box::new(found));
        Err(DataError::WrongContent { file: name.to_owned(), expected, found, unpacked })
    }

    /// What is wrong with the unpacked content, if anything is.
    fn unpacked_fault(&self, path: &Path) -> Result<Option<String>, DataError> {
        let file = File::open(path).map_err(|e| DataError::read(path, e))?;
        let room = self.unpacked.bytes.saturating_add(1);
        let mut reader = HashingReader::new(MultiGzDecoder::new(BufReader::new(file)).take(room));
        let outcome = reader.drain();
        let found = reader.finish();
        match outcome {
            Err(error) if error.raw_os_error().is_some() => Err(DataError::read(path, error)),
            Err(error) => {
                Ok(Some(format!("damaged gzip stream after {} unpacked bytes ({error})", found.bytes)))
            }
            Ok(()) if found == self.unpacked => Ok(None),
            Ok(()) if found.bytes == room => {
                Ok(Some(format!("unpacks to more than {} bytes", self.unpacked.bytes)))
            }
            Ok(()) => Ok(Some(format!("unpacked, expected {}, found {found}", self.unpacked))),
        }
    }

    /// The size at which a transfer is broken off: gzip adds less than a thousandth to what it cannot compress.
    pub(crate) fn at_most(&self) -> u64 {
        let unpacked = self.unpacked.bytes;
        self.gz.bytes.max(unpacked.saturating_add(unpacked / 1000 + 4096))
    }
}

impl ArchiveEntry {
    /// Checks the archive at `path` by both digests; errors call it `name`.
    pub(crate) fn verify(&self, path: &Path, name: &Path) -> Result<(), DataError> {
        let found = Content::of_file(path)?;
        if found != self.content {
            let (expected, found) = (Box::new(self.content), Box::new(found));
            return Err(DataError::WrongContent {
                file: name.to_owned(),
                expected,
                found,
                unpacked: String::new(),
            });
        }
        let found = Md5::of_file(path)?;
        if found != self.md5 {
            return Err(DataError::WrongMd5 { file: name.to_owned(), expected: self.md5, found });
        }
        Ok(())
    }
}
