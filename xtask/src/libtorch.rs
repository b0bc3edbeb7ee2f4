//! The LibTorch that programs and tests find.

use std::path::PathBuf;

/// A LibTorch that is ready for use.
#[derive(Clone)]
pub(crate) struct LibTorch {
    /// The folder of its libraries.
    pub(crate) libraries: PathBuf,
}
