//! `reproduce`: a figure of the paper, from training to drawing.

mod copy;
mod evaluation;
mod place;
mod quick;
mod runs;
mod training;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::bal::Bal;
use crate::figures;
use crate::repository::Repository;
use crate::reproduce::place::Place;
use crate::reproduce::quick::Overrides;
use crate::reproduce::runs::Run;
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
    #[arg(long, value_name = "RUN", num_args = 1.., value_parser = runs::NAMES)]
    only: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Figure {
    /// MNIST under FGSM and the one-step CW attack, nine methods
    Fig1,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    match options.figure {
        Figure::Fig1 => figure_1(repository, options.quick, &options.only),
    }
}

fn figure_1(repository: &Repository, quick: bool, only: &[String]) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    let bal = stage("build", || Bal::build(repository, libtorch))?;
    let place = Place::figure_1(quick);
    let overrides = if quick { Overrides::read(repository)? } else { Overrides::none() };

    for run in Run::selected(only) {
        stage(run.name, || {
            training::train(repository, &bal, &place, &run, &overrides)?;
            evaluation::evaluate(repository, &bal, &place, &run)?;
            copy::keep(repository, &place, &run)
        })?;
    }

    let figure = stage("figure", || {
        let paths = if quick {
            figures::draw_figure_1(repository, &repository.root().join(&place.results))?
        } else {
            figures::figure_1(repository)?
        };
        let named = |path: &std::path::PathBuf| path.file_name().is_some_and(|name| name == "fig1.png");
        paths.into_iter().find(named).context("no fig1.png was drawn")
    })?;
    if quick {
        eprintln!("this was a quick run: it shows that everything works, and its numbers mean nothing");
    }
    println!("{}", repository.relative(&figure).display());
    Ok(())
}
