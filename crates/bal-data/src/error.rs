//! The one error of this crate: each variant names the file, the place in it, what was expected and the way out.

use std::io;
use std::path::{Path, PathBuf};

use crate::own::{Refusal, Remedy};
use crate::{Content, Md5, Mirror, Set};

/// What can be wrong with a data set, its manifest or its download.
///
/// Offsets count bytes of the *unpacked* content, from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The name of a set is not one of [`Set::ALL`].
    #[error("unknown data set {0:?}; known are mnist, fashion-mnist, gtsrb, cifar-10 and cifar-100")]
    UnknownSet(String),
    /// Neither an address nor a folder.
    #[error("mirror {0:?} is neither an existing folder nor an http:// or https:// address; name another, or correct {var}", var = Mirror::VARIABLE)]
    Mirror(String),
    /// The manifest cannot be used.
    #[error("{}: {reason}", file.display())]
    Manifest {
        /// The manifest.
        file: PathBuf,
        /// What is wrong in it, with the line where the parser knows it.
        reason: String,
    },

    /// A file that should be there is not.
    #[error("{} is not there; {set} is to be downloaded", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
        /// Its set.
        set: Set,
    },
    /// The operating system could not read a file.
    #[error("{}: cannot read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The operating system could not write a file or make a folder.
    #[error("{}: cannot write: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// No room was left.
    #[error("{}: the disk is full; free some space and run again", file.display())]
    DiskFull {
        /// The file that was being written.
        file: PathBuf,
    },

    /// A file is larger than any right copy can be.
    #[error("{}: {found} bytes, more than the {at_most} that a right copy can have", file.display())]
    TooLong {
        /// The file.
        file: PathBuf,
        /// The limit in bytes.
        at_most: u64,
        /// Bytes found.
        found: u64,
    },
    /// A file has not the content that the manifest states.
    #[error("{}: expected {expected}, found {found}{unpacked}", file.display())]
    WrongContent {
        /// The file.
        file: PathBuf,
        /// What the manifest states.
        expected: Box<Content>,
        /// What the file is.
        found: Box<Content>,
        /// Empty, or how the unpacked content differs too.
        unpacked: String,
    },
    /// A file has not the MD5 digest that its authors publish.
    #[error("{}: its MD5 digest is {found}, but its authors publish {expected}", file.display())]
    WrongMd5 {
        /// The file.
        file: PathBuf,
        /// What the manifest states.
        expected: Md5,
        /// What the file is.
        found: Md5,
    },
    /// A server did not deliver.
    #[error("{url}: {reason}")]
    Http {
        /// The address.
        url: String,
        /// Status, broken connection or too long an answer.
        reason: String,
    },
    /// Every source of a file failed.
    #[error("{}: no source has it:{}\nName a folder or server with a copy as the mirror, by {var} too, or {hint}", file.display(), list(tried), var = Mirror::VARIABLE)]
    NoSource {
        /// The file.
        file: PathBuf,
        /// Each source that was tried, with its failure.
        tried: Vec<(String, DataError)>,
        /// The manifest's other way to get the set.
        hint: String,
    },

    /// The first four bytes are not those of an IDX file.
    #[error("{}: byte 0: magic {found:02x?} is not that of an IDX file (00 00, 08 for u8 or 0c for i32, 1 to 4 dimensions)", file.display())]
    IdxMagic {
        /// The file.
        file: PathBuf,
        /// The bytes found.
        found: [u8; 4],
    },
    /// An IDX file of the other element type.
    #[error("{}: byte 2: holds elements of type {found:#04x}, expected {expected:#04x} (0x08 is u8, 0x0c is i32)", file.display())]
    IdxType {
        /// The file.
        file: PathBuf,
        /// Type code expected.
        expected: u8,
        /// Type code found.
        found: u8,
    },
    /// An IDX header that declares more than any data set here has.
    #[error("{}: byte {offset}: dimensions {dims:?} declare more than {limit} bytes", file.display())]
    IdxTooLarge {
        /// The file.
        file: PathBuf,
        /// Where the dimensions start.
        offset: u64,
        /// The dimensions declared.
        dims: Vec<u32>,
        /// The limit in bytes.
        limit: u64,
    },
    /// Too few values for the declared dimensions.
    #[error("{}: ends at byte {offset}, but its header declares {expected} bytes", file.display())]
    Truncated {
        /// The file.
        file: PathBuf,
        /// Where the content ended.
        offset: u64,
        /// Where it should have ended.
        expected: u64,
    },
    /// Something follows the declared values.
    #[error("{}: byte {offset}: the content should end here, but more follows", file.display())]
    Trailing {
        /// The file.
        file: PathBuf,
        /// Where the content should have ended.
        offset: u64,
    },
    /// A gzip stream that cannot be unpacked.
    #[error("{}: byte {offset} of the unpacked content: damaged gzip stream: {source}", file.display())]
    Gzip {
        /// The file.
        file: PathBuf,
        /// How far unpacking came.
        offset: u64,
        /// The decoder's reason.
        source: io::Error,
    },
    /// A label that is not a class.
    #[error("{}: byte {offset}: label {label} is not in 0..{classes}", file.display())]
    Label {
        /// The file.
        file: PathBuf,
        /// Where the label is.
        offset: u64,
        /// The label found.
        label: u16,
        /// Number of classes.
        classes: usize,
    },
    /// A track number that no set has.
    #[error("{}: byte {offset}: track {track} is not in 0..100000", file.display())]
    Track {
        /// The file.
        file: PathBuf,
        /// Where the number is.
        offset: u64,
        /// The number found.
        track: i32,
    },
    /// The dimensions are not those of the set.
    #[error("{}: byte 4: dimensions {found:?}, expected {expected}", file.display())]
    Shape {
        /// The file.
        file: PathBuf,
        /// The expected dimensions in words.
        expected: String,
        /// The dimensions found.
        found: Vec<usize>,
    },
    /// Two files of one split that should have one entry per image differ in length.
    #[error("{} has {found} entries, but {} has {images} images", file.display(), images_file.display())]
    Count {
        /// The labels or tracks.
        file: PathBuf,
        /// Their number.
        found: usize,
        /// The images.
        images_file: PathBuf,
        /// Their number.
        images: usize,
    },

    /// A zip archive that cannot be read, or is not laid out as the official one.
    #[error("{}: {reason}", file.display())]
    Zip {
        /// The archive.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An entry of a zip archive that is refused or damaged.
    #[error("{}: entry {entry:?}: {reason}", file.display())]
    ZipEntry {
        /// The archive.
        file: PathBuf,
        /// The entry's name.
        entry: String,
        /// What is wrong with it, with the row where it is a table.
        reason: String,
    },
    /// A file of CIFAR that is not as its authors publish it.
    #[error("{}: {reason}", file.display())]
    Cifar {
        /// The file; of an archive with the entry after it.
        file: PathBuf,
        /// What is wrong, with the offset where it is a pickle.
        reason: String,
    },
    /// The decoded frames are not those of the official release.
    #[error("{}: the frames decode to {found}, expected {expected}; remove the archive and fetch it again", file.display())]
    Originals {
        /// The archive of the frames.
        file: PathBuf,
        /// RGB bytes of all frames as the manifest states them.
        expected: Box<Content>,
        /// Those of the archive.
        found: Box<Content>,
    },

    /// A data set of the user's own whose layout, classes or split cannot be used.
    #[error("{}{}", self.fault(), or_set(*remedy))]
    Own {
        /// The folder or file.
        place: PathBuf,
        /// What is wrong, and the way out.
        reason: String,
        /// The setting that would help.
        remedy: Option<Remedy>,
    },
    /// A row of a table of images that cannot be used.
    #[error("{}: line {line}: {reason}", file.display())]
    Row {
        /// The table.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A single image that cannot be used.
    #[error("{}: {reason}", file.display())]
    Image {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Files of a data set that cannot be used, where those are refused.
    #[error("{}, or {}", self.fault(), Remedy::BadFiles)]
    BadFiles {
        /// The folder or table of the data set.
        folder: PathBuf,
        /// The first file, below it.
        file: String,
        /// What is wrong with it.
        reason: String,
        /// How many others are bad too.
        others: usize,
    },

    /// A holdout that leaves nothing on one side.
    #[error(
        "cannot hold out {share} of {images} images: both sides need at least one image, and whole tracks stay together"
    )]
    Holdout {
        /// What was asked for.
        share: String,
        /// Images there are.
        images: usize,
    },
}

impl DataError {
    /// A failed read of `file`.
    pub(crate) fn read(file: &Path, source: io::Error) -> Self {
        Self::Read { file: file.to_owned(), source }
    }

    /// A data set of the user's own that cannot be used.
    pub(crate) fn own(place: &Path, refusal: impl Into<Refusal>) -> Self {
        let Refusal { reason, remedy } = refusal.into();
        Self::Own { place: place.to_owned(), reason, remedy }
    }

    /// The message without the setting that would help, for a program that has a name of its own for it, or does not have it.
    pub fn fault(&self) -> String {
        match self {
            Self::Own { place, reason, .. } => format!("{}: {reason}", place.display()),
            Self::BadFiles { folder, file, reason, others } => format!(
                "{}: {file}: {reason}{}; repair or remove what is bad",
                folder.display(),
                and(*others)
            ),
            error => error.to_string(),
        }
    }

    /// The setting by which a data set of the user's own would be accepted, where there is one.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Own { remedy, .. } => *remedy,
            Self::BadFiles { .. } => Some(Remedy::BadFiles),
            _ => None,
        }
    }

    /// A failed write of `file`; a full disk (or a full quota) has its own variant.
    pub(crate) fn write(file: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { file: file.to_owned() }
            }
            _ => Self::Write { file: file.to_owned(), source },
        }
    }

    /// Whether the fault is this machine's, so that another source would not help.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::DiskFull { .. })
    }
}

/// The setting that would help, if there is one.
fn or_set(remedy: Option<Remedy>) -> String {
    remedy.map_or_else(String::new, |remedy| format!("; {remedy}"))
}

/// Mentions other bad files, if there are any.
fn and(others: usize) -> String {
    match others {
        0 => String::new(),
        1 => " (and another bad file)".to_owned(),
        others => format!(" (and {others} other bad files)"),
    }
}

/// One indented line per failed source; most errors name it themselves.
fn list(tried: &[(String, DataError)]) -> String {
    let line = |(source, error): &(String, DataError)| {
        let error = error.to_string();
        if error.starts_with(source) { format!("\n  {error}") } else { format!("\n  {source}: {error}") }
    };
    tried.iter().map(line).collect()
}
