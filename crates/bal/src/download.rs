//! Published data sets, fetched and checked.

use crate::published;
use anyhow::{Context, Result};
use bal_data::{Manifest, Mirror, Set, download};
use std::path::{Path, PathBuf};

/// Fetches data sets into `data`, the folder of data sets; without it into `$BAL_DATA`, else into `datasets/` here, which is
/// made. Every file is checked against the manifest that the library is built with, which also lists the sources; what is
/// there already is not fetched again. A `mirror`, a folder or an address with the files in `SET/FILE`, is asked first; without
/// it `$BAL_DATA_MIRROR`.
///
/// Returns the folder of each set.
///
/// # Errors
/// When no source has a file as it should be, or a file cannot be written.
pub fn download(
    sets: &[Set],
    data: Option<&Path>,
    mirror: Option<&str>,
    progress: &mut dyn FnMut(&download::Progress<'_>),
) -> Result<Vec<PathBuf>> {
    let manifest = Manifest::built_in()?;
    let root = published::folder_to_fill(data);
    let mirror = Mirror::choose(mirror)?;
    let fetched = sets.iter().map(|&set| {
        let fetched = download::fetch(&manifest, set, &root, mirror.as_ref(), &mut |event| progress(&event));
        Ok(fetched.with_context(|| format!("could not get {set}"))?.folder)
    });
    fetched.collect()
}
