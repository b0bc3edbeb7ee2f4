//! `reproduce`: a figure of the paper, from training to drawing.

mod copy;
mod evaluation;
mod figure;
mod list;
mod place;
mod quick;
mod runs;
mod training;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::bal::Bal;
use crate::figures;
use crate::repository::Repository;
use crate::reproduce::figure::Figure;
use crate::reproduce::place::Place;
use crate::reproduce::quick::Overrides;
use crate::setup;
use crate::stage::stage;

/// Train, attack and draw: a figure of the paper from nothing
///
/// Does all set-up itself. What is finished is kept, and what was interrupted goes on where it was: remove a folder in
/// runs/ to train that one again. Records and figures go to results/.
#[derive(Args)]
pub(crate) struct Options {
    figure: Figure,
    /// Small settings (experiments/quick.toml) and few images: shows in minutes that everything works, and proves
    /// nothing; stays in runs/quick/
    #[arg(long)]
    quick: bool,
    /// These runs only, and the one they start from
    #[arg(long, value_name = "RUN", num_args = 1..)]
    only: Vec<String>,
    /// Seeds 1 to N of each run; comparisons that are made with one seed stay with it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// List the runs with their state and how long their training took where its record says so, and do nothing
    #[arg(long)]
    list: bool,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let Options { figure, quick, only, seeds, list } = options;
    let runs = figure.runs(*seeds, only)?;
    let place = Place::new(*quick);
    if *list {
        return list::print(repository, &place, &runs);
    }
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    let bal = stage("build", || Bal::build(repository, libtorch))?;
    let overrides = if *quick { Overrides::read(repository)? } else { Overrides::none() };

    for run in runs {
        stage(&run.folder.display().to_string(), || {
            training::train(repository, &bal, &place, &run, &overrides)?;
            evaluation::evaluate(repository, &bal, &place, &run)?;
            copy::keep(repository, &place, &run)
        })?;
    }

    let drawn = stage("figure", || draw(repository, &place, *figure))?;
    if *quick {
        eprintln!("this was a quick run: it shows that everything works, and its numbers mean nothing");
    }
    println!("{}", repository.relative(&drawn).display());
    Ok(())
}

/// Draws the figure and returns the path of its picture.
fn draw(repository: &Repository, place: &Place, figure: Figure) -> Result<PathBuf> {
    let results = repository.root().join(&place.results);
    let paths = match figure {
        Figure::Fig1 if place.quick => figures::draw_figure_1(repository, &results.join("fig1"))?,
        Figure::Fig1 => figures::figure_1(repository)?,
        Figure::Fig2 if place.quick => figures::draw_figure_2(repository, &results)?,
        Figure::Fig2 => figures::figure_2(repository)?,
    };
    let picture = format!("{}.png", figure.name());
    let named = |path: &PathBuf| path.file_name().is_some_and(|name| *name == *picture);
    paths.into_iter().find(named).with_context(|| format!("no {picture} was drawn"))
}
