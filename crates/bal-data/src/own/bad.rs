//! What to do with files that cannot be used.

use serde::{Deserialize, Serialize};

use crate::DataError;

/// What a file that cannot be used leads to: one that is damaged, missing, too large, or no image at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BadFiles {
    /// The end, with the name of the first one and the number of the others.
    #[default]
    Refuse,
    /// It is left out and listed in the [`Report`](super::Report).
    Skip,
}

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its path below the folder of the data set.
    pub file: String,
    /// Why, in one line.
    pub reason: String,
}

impl BadFiles {
    /// An error if there are bad files and they are refused.
    pub(super) fn settle(self, root: &std::path::Path, bad: &[Skipped]) -> Result<(), DataError> {
        match (self, bad.first()) {
            (BadFiles::Refuse, Some(first)) => Err(DataError::BadFiles {
                folder: root.to_owned(),
                file: first.file.clone(),
                reason: first.reason.clone(),
                others: bad.len() - 1,
            }),
            _ => Ok(()),
        }
    }
}
