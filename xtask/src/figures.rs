//! `figures`: figures and tables, drawn from the records alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bal_report::{Published, atomic, figures, table};

use crate::repository::Repository;

/// The verb.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    for path in figure_1(repository)? {
        println!("{}", repository.relative(&path).display());
    }
    Ok(())
}

/// Figure 1 from the records in `results/fig1/`, beside them, and its table in `results/README.md`; returns the paths.
pub(crate) fn figure_1(repository: &Repository) -> Result<Vec<PathBuf>> {
    let results = repository.results();
    let records = results.join("fig1");
    let mut paths = draw_figure_1(repository, &records)?;
    let readme = results.join("README.md");
    let text = fs::read_to_string(&readme).with_context(|| format!("cannot read {}", readme.display()))?;
    let text = table::replace_section(&text, "fig1", &table::fig1(&records, &published(repository)?)?)?;
    atomic::write(&readme, text.as_bytes())?;
    paths.push(readme);
    Ok(paths)
}

/// Figure 1 from the records in `records`, beside them; returns the paths.
pub(crate) fn draw_figure_1(repository: &Repository, records: &Path) -> Result<Vec<PathBuf>> {
    Ok(figures::fig1(records, &published(repository)?, records)?)
}

/// The paper's own numbers, which figures show beside ours.
fn published(repository: &Repository) -> Result<Published> {
    Ok(Published::read(&repository.results().join("published.json"))?)
}
