//! What a caller can show while a set is fetched or prepared.

use std::io;
use std::path::Path;

use bal_files::Holder;

use crate::DataError;

/// One step of a fetch or a preparation.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// Another process fills the same folder; its end is waited for.
    Waiting {
        /// The set's folder.
        folder: &'a Path,
        /// Who fills it.
        holder: &'a Holder,
    },
    /// The file system has no locks, so that nobody is kept from filling the same folder.
    NoLocks {
        /// The set's folder.
        folder: &'a Path,
        /// What the system said.
        reason: &'a io::Error,
    },
    /// A file is there already, and right.
    Present {
        /// Its name.
        file: &'a str,
    },
    /// A source is asked for a file.
    Trying {
        /// The file's name.
        file: &'a str,
        /// Address or path.
        source: &'a str,
    },
    /// Bytes have arrived; told about every 256 KiB and at the end.
    Bytes {
        /// The file's name.
        file: &'a str,
        /// Bytes so far, those of an earlier run included.
        done: u64,
        /// Bytes in all, where the source says.
        total: Option<u64>,
    },
    /// A source, or the file that was there, is no good; the next source is asked.
    Failed {
        /// The file's name.
        file: &'a str,
        /// Address or path.
        source: &'a str,
        /// What is wrong.
        error: &'a DataError,
    },
    /// A file is complete, checked and stands under its final name.
    Stored {
        /// The file's name.
        file: &'a str,
        /// Address or path.
        source: &'a str,
    },
    /// Frames of GTSRB are decoded and resized; told about every 256 frames and at the end.
    Preparing {
        /// `"train"` or `"test"`.
        part: &'a str,
        /// Frames so far.
        done: usize,
        /// Frames in all.
        total: usize,
    },
}
