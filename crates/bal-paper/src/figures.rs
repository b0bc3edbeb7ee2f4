//! `figures`: figures and tables, drawn from the records alone.

pub(crate) mod numbers;
mod page;
mod paired;
mod placeholder;
#[cfg(test)]
mod weights;

use std::fs;
use std::path::{Path, PathBuf};

use crate::crosscheck::{Crosscheck, Side};
use crate::peer::Peer;
use crate::published::Published;
use crate::scaling::Scaling;
use crate::studies::Study;
use crate::{studies as figures, tables as table};
use anyhow::{Context, Result};
use bal_report::ReportError;

use bal_chores::Repository;

/// What there are records of: the folder among results, and the figure.
const FIGURES: [&str; 12] = [
    "fig1",
    "fig2",
    "appendix-a",
    "fig3",
    "ablation",
    "ball",
    "samplers",
    "spatial",
    "variants",
    "robust",
    "regression",
    "robustness",
];

/// The verb.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let results = repository.results();
    let mut paths = performance(repository)?;
    paths.push(crosscheck(repository)?);
    for name in on_record(&results) {
        paths.extend(draw(repository, name, &results)?);
    }
    paths.extend(pages(repository)?);
    for path in paths {
        println!("{}", repository.relative(&path).display());
    }
    Ok(())
}

/// The figures of which there is a record in `results`: a folder alone may be that of a reproduction that has not got so far.
fn on_record(results: &Path) -> impl Iterator<Item = &'static str> {
    FIGURES.into_iter().filter(|name| has_record(&results.join(name)))
}

fn has_record(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.into_iter().any(|path| {
        path.extension().is_some_and(|extension| extension == "json") || path.is_dir() && has_record(&path)
    })
}

/// The pages of `results/`, written anew; returns their paths.
pub(crate) fn pages(repository: &Repository) -> Result<Vec<PathBuf>> {
    page::write(repository)
}

/// Draws figure `name` from the records in `results`, beside them; returns the paths. Of comparisons that belong to it those
/// are drawn that there are runs of.
pub(crate) fn draw(repository: &Repository, name: &str, results: &Path) -> Result<Vec<PathBuf>> {
    let published = published(repository)?;
    let mut paths = Vec::new();
    if name == "fig2" {
        paths.extend(figures::fig2(results, &published, &results.join("fig2"))?);
    }
    if name == "ball" {
        paths.extend(figures::InBall::read(results)?.draw(&results.join("ball"))?);
    }
    if name == "samplers" {
        paths.extend(figures::Explored::read(results)?.draw(&results.join("samplers"))?);
    }
    if name == "spatial" {
        paths.extend(figures::Threats::read(results)?.draw(&results.join("spatial"))?);
    }
    if name == "robustness" {
        paths.extend(figures::reliability(results)?);
    }
    for question in figures::Question::of(name) {
        if let Some(answers) = figures::Answers::read(question, results)? {
            paths.extend(answers.draw(results)?);
        }
    }
    for study in studies(name, results) {
        let folder = results.join(study.folder);
        paths.extend(figures::methods(study, &folder, &published, &folder)?);
    }
    Ok(paths)
}

/// The tables of figure `name`, each with what a page calls it.
fn tables(name: &str, results: &Path, published: &Published) -> Result<Vec<(&'static str, String)>> {
    let study = |study: &'static Study| {
        Ok((study.name, table::methods(study, &results.join(study.folder), published)?))
    };
    match name {
        "fig2" => Ok(vec![("fig2", table::fig2(results, published)?)]),
        "ball" => Ok(vec![("ball", figures::InBall::read(results)?.table())]),
        "ablation" => Ok(vec![("ablation", table::ablation(results)?)]),
        "spatial" => Ok(vec![("spatial", figures::Threats::read(results)?.table())]),
        "robustness" => robustness(results),
        "regression" => Ok(vec![("regression", figures::Regression::read(results)?.tables())]),
        "variants" | "robust" => answers(name, results),
        "samplers" => {
            let explored = figures::Explored::read(results)?;
            Ok(vec![("samplers", explored.table()), ("samplers-equal-bias", explored.at_equal_bias())])
        }
        _ => studies(name, results).into_iter().map(study).collect(),
    }
}

/// The tables of a figure's questions, each where there is something to compare.
fn answers(name: &str, results: &Path) -> Result<Vec<(&'static str, String)>> {
    let mut tables = Vec::new();
    for question in figures::Question::of(name) {
        let answers = figures::Answers::read(question, results)?;
        tables.extend(answers.map(|answers| (question.name, answers.table())));
    }
    Ok(tables)
}

/// The tables of strong attacks and of probabilities, each where there is something on record.
fn robustness(results: &Path) -> Result<Vec<(&'static str, String)>> {
    let calibration = table::calibration(results)?.map(|table| ("calibration", table));
    let attacks = match table::robustness(results) {
        Err(ReportError::NoRuns { .. }) if calibration.is_some() => None,
        table => Some(("robustness", table?)),
    };
    Ok(attacks.into_iter().chain(calibration).collect())
}

/// The comparisons of figure `name`: its own, and of those that belong to it what there are runs of.
fn studies(name: &str, results: &Path) -> Vec<&'static Study> {
    let part = format!("{name}-");
    let there = |study: &&Study| {
        study.name == name || study.name.starts_with(&part) && study.has_own_runs(&results.join(study.folder))
    };
    Study::ALL.into_iter().filter(there).collect()
}

/// The paper's own numbers, which figures show beside ours.
fn published(repository: &Repository) -> Result<Published> {
    Ok(Published::read(&repository.results().join("published.json"))?)
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

/// Our attacks beside others': the tables of `docs/evaluation.md`; returns its path.
pub(crate) fn crosscheck(repository: &Repository) -> Result<PathBuf> {
    let page = repository.root().join("docs/evaluation.md");
    for side in Side::ALL {
        set_section(&page, side.section(), &crosscheck_tables(repository, side)?)?;
    }
    Ok(page)
}

/// What the record says, or that there is none.
fn crosscheck_tables(repository: &Repository, side: Side) -> Result<String> {
    let record = repository.results().join("crosscheck").join(side.record());
    Ok(if record.exists() {
        table::crosscheck(&Crosscheck::read(&record)?)
    } else {
        format!("Not run yet: there is no `results/crosscheck/{}`.", side.record())
    })
}

/// Writes a section of a page anew.
fn set_section(page: &Path, name: &str, content: &str) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let text = table::replace_section(&text, name, content)?;
    bal_files::write(page, text.as_bytes()).with_context(|| format!("cannot write {}", page.display()))
}
