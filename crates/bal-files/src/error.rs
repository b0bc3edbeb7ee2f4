//! Why a folder is not this process's own.

use crate::Holder;
use std::{io, path::PathBuf};

/// A lock that was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works in the folder.
    #[error("{} is in use by {holder}; wait until that has ended, or end it", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
        /// Who works there.
        holder: Holder,
    },
    /// The folder or its lock file cannot be made or opened.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// What could not be made or opened.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
