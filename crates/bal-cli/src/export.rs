//! `bal export`: a data set as folders of pictures, to look at, or to try what images of one's own go through.

use crate::{args::Export, console::print, dataset};
use anyhow::{Context, Result, bail};
use bal_data::own;
use bal_files::NewFolder;

/// Writes both parts of the data set, or nothing.
pub(crate) fn export(flags: &Export) -> Result<()> {
    let out = &flags.out;
    if out.symlink_metadata().is_ok() {
        bail!("{} is there already; name a folder that is not", out.display());
    }
    let dataset = dataset::known(&flags.dataset, flags.data.as_deref())?;
    let classes = dataset::class_names(&flags.dataset).context("the data set has no names of classes")?;
    let classes: Vec<String> = classes.iter().map(|name| dataset::folder_name(name)).collect();
    let context = || format!("cannot write {}", out.display());
    let unfinished = NewFolder::beside(out).with_context(context)?;
    for (part, split) in [("train", &dataset.train), ("test", &dataset.test)] {
        let count = flags.limit.map_or(split.len(), |limit| split.len().min(limit as usize));
        let first: Vec<usize> = (0..count).collect();
        own::export(&split.select(&first), &classes, &unfinished.path().join(part))?;
    }
    unfinished.finish().with_context(context)?;
    print(&format!("{}", out.display()));
    Ok(())
}
