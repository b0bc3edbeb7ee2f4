//! `bal runs`: which runs there are, how far they came, and how they differ.

mod table;

use crate::{
    args::Runs,
    console::{print, say},
};
use anyhow::Result;
use bal::runs::{Listed, differences, in_folder, is_run};
use serde_json::json;

/// Lists the runs of the flags, in the order of their folders.
pub(crate) fn runs(flags: &Runs) -> Result<()> {
    let mut listed = Vec::new();
    let mut named = Vec::new();
    for folder in &flags.folders {
        if is_run(folder) {
            named.push(listed.len());
        }
        listed.extend(in_folder(folder)?.iter().map(|path| Listed::of(path)));
    }
    for run in &listed {
        if let Some(problem) = &run.problem {
            say(&format!("{}: {problem}", run.path.display()));
        }
    }
    let named: Vec<&Listed> = named.into_iter().map(|place| &listed[place]).collect();
    let differences = if named.len() < 2 { vec![] } else { differences(&named) };
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
