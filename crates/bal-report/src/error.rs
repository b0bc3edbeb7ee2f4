//! What can go wrong between a results folder and its reader.

use std::path::{Path, PathBuf};

/// An error of this crate; each message names the file or folder it is about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written; nothing of it is left.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not the JSON that is expected there: wrong syntax, a missing key, or an unknown one.
    #[error("{}: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The key and the place in the file.
        source: serde_json::Error,
    },
    /// A line of a `metrics.jsonl` before the last is not a metrics object.
    #[error("{}, line {line}: {source}; delete this line, or the file, to go on without it", path.display())]
    MetricLine {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The key and the place in the line.
        source: serde_json::Error,
    },
    /// A file parses, but what it says cannot be.
    #[error("{}: {what}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The key, its value, and what would be right.
        what: String,
    },
    /// There is nothing to draw.
    #[error(
        "no run in {} holds both record.json and {file}; a run's folder there is named {expected}",
        folder.display()
    )]
    NoRuns {
        /// The results folder.
        folder: PathBuf,
        /// The evaluation that was looked for.
        file: String,
        /// The folder names that were looked for.
        expected: String,
    },
    /// Evaluations that are to be taken together, image by image, are not of the same model or not of the same images.
    #[error(
        "{first} and {other} on {model} are of different {what}, and cannot be taken together; evaluate it again"
    )]
    Apart {
        /// The model, as the first one has it.
        model: String,
        /// The attack of the first one.
        first: String,
        /// The attack of the other.
        other: String,
        /// What differs.
        what: &'static str,
    },
    /// Evaluations that are to be compared image by image do not belong together.
    #[error("{first} and {second} cannot be compared image by image: {what}")]
    Unpaired {
        /// The file of the first, or its model where it was just measured.
        first: String,
        /// The same of the second.
        second: String,
        /// What differs.
        what: String,
    },
    /// A text lacks the pair of markers between which a section goes.
    #[error(
        "section {name:?}: {what}; the text needs one <!-- {name}:begin --> and, after it, one <!-- {name}:end -->"
    )]
    Section {
        /// The section's name.
        name: String,
        /// Which marker is wrong, and how.
        what: &'static str,
    },
}

impl ReportError {
    /// [`ReportError::Invalid`] about a file.
    pub fn invalid(path: &Path, what: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_owned(), what: what.into() }
    }
}
