//! `figures`: figures and tables, drawn from the records alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bal_report::peer::Peer;
use bal_report::scaling::Scaling;
use bal_report::{Published, atomic, figures, table};

use crate::repository::Repository;

/// The verb.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let mut paths = vec![figure_1(repository)?, performance(repository)?];
    if repository.results().join("fig2").is_dir() {
        paths.push(figure_2(repository)?);
    }
    for path in paths.iter().flatten() {
        println!("{}", repository.relative(path).display());
    }
    Ok(())
}

/// Figure 1 from the records in `results/fig1/`, beside them, and its table in `results/README.md`; returns the paths.
pub(crate) fn figure_1(repository: &Repository) -> Result<Vec<PathBuf>> {
    let results = repository.results();
    let records = results.join("fig1");
    let mut paths = draw_figure_1(repository, &records)?;
    let readme = results.join("README.md");
    set_section(&readme, "fig1", &table::fig1(&records, &published(repository)?)?)?;
    paths.push(readme);
    Ok(paths)
}

/// Figure 2 from the records in `results/`, in `results/fig2/`, and its table in `results/README.md`; returns the paths.
pub(crate) fn figure_2(repository: &Repository) -> Result<Vec<PathBuf>> {
    let results = repository.results();
    let mut paths = draw_figure_2(repository, &results)?;
    let readme = results.join("README.md");
    set_section(&readme, "fig2", &table::fig2(&results, &published(repository)?)?)?;
    paths.push(readme);
    Ok(paths)
}

/// Figure 2 from the records in `results`, in its `fig2/`; returns the paths.
pub(crate) fn draw_figure_2(repository: &Repository, results: &Path) -> Result<Vec<PathBuf>> {
    Ok(figures::fig2(results, &published(repository)?, &results.join("fig2"))?)
}

/// What `bench` measured: a figure beside the records in `results/performance/`, and the tables of
/// `docs/performance.md`; returns the paths.
fn performance(repository: &Repository) -> Result<Vec<PathBuf>> {
    let records = repository.results().join("performance");
    let page = repository.root().join("docs/performance.md");
    let (peer, scaling) = (records.join("peer.json"), records.join("scaling.json"));
    let mut paths = Vec::new();
    if peer.exists() {
        set_section(&page, "peer", &table::peer(&Peer::read(&peer)?))?;
    }
    if scaling.exists() {
        let scaling = Scaling::read(&scaling)?;
        paths = figures::scaling(&scaling, &records)?;
        set_section(&page, "scaling", &table::scaling(&scaling))?;
    }
    paths.push(page);
    Ok(paths)
}

/// Writes a section of a page anew.
fn set_section(page: &Path, name: &str, content: &str) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    atomic::write(page, table::replace_section(&text, name, content)?.as_bytes())?;
    Ok(())
}

/// Figure 1 from the records in `records`, beside them; returns the paths.
pub(crate) fn draw_figure_1(repository: &Repository, records: &Path) -> Result<Vec<PathBuf>> {
    Ok(figures::fig1(records, &published(repository)?, records)?)
}

/// The paper's own numbers, which figures show beside ours.
fn published(repository: &Repository) -> Result<Published> {
    Ok(Published::read(&repository.results().join("published.json"))?)
}
