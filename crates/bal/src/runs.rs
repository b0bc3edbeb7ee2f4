//! Which runs there are, how far they came, and how they differ.

mod differences;
mod find;
mod listed;

use anyhow::{Result, bail};
pub use differences::{Difference, differences};
pub use find::{is_run, runs as in_folder};
pub use listed::{Listed, State};
use std::path::Path;

/// Reads the folder of a run as it is read to be listed.
///
/// # Errors
/// What is wrong with its files.
pub(crate) fn readable(folder: &Path) -> Result<()> {
    Listed::of(folder).problem.map_or(Ok(()), |problem| bail!("{problem}"))
}
