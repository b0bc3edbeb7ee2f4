//! `bal runs`: which runs there are, how far they came, and how they differ.

mod differences;
mod find;
mod listed;
mod table;

use crate::{
    args::Runs,
    console::{print, say},
};
use anyhow::{Result, bail};
use listed::Listed;
use serde_json::json;
use std::path::Path;

/// Lists the runs of the flags, in the order of their folders.
pub(crate) fn runs(flags: &Runs) -> Result<()> {
    let mut listed = Vec::new();
    let mut named = Vec::new();
    for folder in &flags.folders {
        if find::is_run(folder) {
            named.push(listed.len());
        }
        listed.extend(find::runs(folder)?.iter().map(|path| Listed::of(path)));
    }
    for run in &listed {
        if let Some(problem) = &run.problem {
            say(&format!("{}: {problem}", run.path.display()));
        }
    }
    let named: Vec<&Listed> = named.into_iter().map(|place| &listed[place]).collect();
    let differences = if named.len() < 2 { vec![] } else { differences::differences(&named) };
    if flags.json {
        let compared: Vec<_> = named.iter().map(|run| &run.path).collect();
        let all = json!({ "runs": listed, "compared": compared, "differences": differences });
        print(&serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    table::runs(&listed);
    if named.len() > 1 {
        table::differences(&named, &differences);
    }
    Ok(())
}

/// Reads the folder of a run as it is read to be listed.
///
/// # Errors
/// What is wrong with its files.
pub(crate) fn readable(folder: &Path) -> Result<()> {
    Listed::of(folder).problem.map_or(Ok(()), |problem| bail!("{problem}"))
}
