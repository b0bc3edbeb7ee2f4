//! `figures`: figures and tables, drawn from the records alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bal_report::figures::Study;
use bal_report::peer::Peer;
use bal_report::scaling::Scaling;
use bal_report::{Published, atomic, figures, table};

use crate::repository::Repository;

/// What there are records of: the folder among results, and the figure.
const FIGURES: [&str; 6] = ["fig1", "fig2", "appendix-a", "fig3", "ablation", "samplers"];

/// The verb.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let results = repository.results();
    let readme = results.join("README.md");
    let mut paths = performance(repository)?;
    for name in FIGURES {
        if results.join(name).is_dir() {
            paths.extend(draw(repository, name, &results, Some(&readme))?);
        }
    }
    for path in paths {
        println!("{}", repository.relative(&path).display());
    }
    Ok(())
}

/// Draws figure `name` from the records in `results`, beside them, and writes its tables into the sections of `page`;
/// returns the paths. Of comparisons that belong to it those are drawn that there are runs of.
pub(crate) fn draw(
    repository: &Repository,
    name: &str,
    results: &Path,
    page: Option<&Path>,
) -> Result<Vec<PathBuf>> {
    let published = Published::read(&repository.results().join("published.json"))?;
    let mut paths = Vec::new();
    let mut tables = Vec::new();
    match name {
        "fig2" => {
            paths.extend(figures::fig2(results, &published, &results.join("fig2"))?);
            tables.push(("fig2", table::fig2(results, &published)?));
        }
        "samplers" => tables.push(("samplers", table::samplers(results)?)),
        "ablation" => tables.push(("ablation", table::ablation(results)?)),
        _ => {
            let of_figure = |study: &&&Study| study.name == name || study.name.starts_with(&format!("{name}-"));
            for study in Study::ALL.iter().filter(of_figure) {
                let folder = results.join(study.folder);
                if study.name != name && !study.has_own_runs(&folder) {
                    continue;
                }
                paths.extend(figures::methods(study, &folder, &published, &folder)?);
                tables.push((study.name, table::methods(study, &folder, &published)?));
            }
        }
    }
    if let Some(page) = page {
        for (section, content) in tables {
            set_section(page, section, &content)?;
        }
        paths.push(page.to_owned());
    }
    Ok(paths)
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
