//! Files that a command is asked to write.

use anyhow::{Context, Result, bail};
use std::path::Path;

/// Refuses, before the long work, a file that could not be written after it.
pub(crate) fn can_be_written(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        bail!("{} is a folder; name a file", path.display());
    }
    tempfile::tempfile_in(folder).map(drop).with_context(|| format!("cannot write to {}", folder.display()))
}
