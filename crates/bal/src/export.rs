//! A published data set as folders of pictures, to look at, or to try what images of one's own go through.

use crate::{Session, published};
use anyhow::{Context, Result, bail};
use bal_data::own;
use bal_files::NewFolder;
use std::path::Path;

/// Writes both parts of the data set `name`, at most `limit` images of each, or nothing.
///
/// # Errors
/// When the folder is there already, the data set is not at hand, or a file cannot be written.
pub fn export(name: &str, limit: Option<u64>, out: &Path, session: &Session) -> Result<()> {
    if out.symlink_metadata().is_ok() {
        bail!("{} is there already; name a folder that is not", out.display());
    }
    let dataset = published::known(name, session.data.as_deref())?;
    let classes = published::class_names(name).context("the data set has no names of classes")?;
    let classes: Vec<String> = classes.iter().map(|name| published::folder_name(name)).collect();
    let context = || format!("cannot write {}", out.display());
    let unfinished = NewFolder::beside(out).with_context(context)?;
    for (part, split) in [("train", &dataset.train), ("test", &dataset.test)] {
        let count = limit.map_or(split.len(), |limit| split.len().min(limit as usize));
        let first: Vec<usize> = (0..count).collect();
        own::export(&split.select(&first), &classes, &unfinished.path().join(part))?;
    }
    unfinished.finish().with_context(context)
}
