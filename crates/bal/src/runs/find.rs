//! Which folders are runs.

use crate::run_folder::RunFolder;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Folders are looked through this deep: `runs/fig2/bal-4000` and what others may sort further.
const DEPTH: usize = 6;

/// Whether the folder itself is a run, finished or not, or the record of one.
pub fn is_run(folder: &Path) -> bool {
    let run = RunFolder::new(folder);
    run.experiment().is_file() || run.record().is_file()
}

/// The run folder itself, or all below it in the order of their names.
///
/// # Errors
/// When it is no folder or cannot be read.
pub fn runs(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        bail!("there is no folder {}", folder.display());
    }
    let mut found = Vec::new();
    look(folder, DEPTH, &mut found)?;
    Ok(found)
}

fn look(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if is_run(folder) {
        found.push(folder.to_path_buf());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    let context = || format!("cannot read {}", folder.display());
    let entries = std::fs::read_dir(folder).with_context(context)?.collect::<Result<Vec<_>, _>>();
    let mut entries = entries.with_context(context)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        // A link may lead back to where it lies; what is being made has a name that begins with a dot.
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            look(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
}
