//! `reproduce`: a figure of the paper, from training to drawing.

mod ablation;
mod ball;
mod brief;
mod calibration;
mod copy;
mod data;
mod dispersed;
mod ensembles;
mod evaluation;
mod expected;
mod figure;
mod list;
mod model;
mod place;
mod quick;
mod regression;
mod robust;
mod robustness;
mod runs;
mod spatial;
mod training;
mod tuning;
mod variants;

use std::path::PathBuf;

use anyhow::Result;
use bal_data::Set;
use bal_files::Lock;
use clap::Args;

use crate::figures;
use crate::reproduce::figure::Figure;
use crate::reproduce::model::Model;
use crate::reproduce::place::Place;
use crate::reproduce::quick::Overrides;
use bal_chores::Bal;
use bal_chores::Repository;
use bal_chores::stage;

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
    /// These runs only, and the one they start from, which the strong attacks leave out; a name is of all seeds and splits,
    /// a folder as in --list of one
    #[arg(long, value_name = "RUN", num_args = 1..)]
    only: Vec<String>,
    /// Seeds 1 to N of each run; comparisons that are made with one seed stay with it
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Take the two runs whose weights are committed (fig1/erm, fig1/bal-released) from results/; all others are trained
    #[arg(long, conflicts_with = "quick")]
    committed: bool,
    /// List the runs with their state and how long their training took, or should take, and do nothing
    #[arg(long)]
    list: bool,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let Options { figure, quick, only, seeds, committed, list } = options;
    let runs = figure.runs(*seeds, only)?;
    let place = Place::new(*quick);
    let overrides = if *quick { Overrides::read(repository)? } else { Overrides::none() };
    if *list {
        return list::print(repository, &place, &runs, &overrides);
    }
    let _locks = lock(repository, &place, *figure)?;
    let bal = Bal::beside(repository)?;
    let mut sets: Vec<Set> = runs.iter().map(|run| run.data.set()).collect();
    sets.sort_by_key(|set| set.name());
    sets.dedup();
    if !sets.is_empty() {
        let names = sets.iter().map(|set| set.name().to_owned());
        let datasets = repository.datasets().display().to_string();
        let words = ["download".to_owned()].into_iter().chain(names).chain(["--data".to_owned(), datasets]);
        stage("data", || bal.run_quietly(&words.collect::<Vec<_>>()))?;
    }

    for run in runs {
        stage(&run.folder.display().to_string(), || {
            let Some(run) = tuning::resolved(repository, &bal, &place, run.clone(), &overrides)? else {
                return Ok(());
            };
            if *committed {
                let kept = place.results.join(&run.folder);
                if copy::restore(repository, &place, &run)? {
                    eprintln!("its weights are those in {}", kept.display());
                } else if !repository.root().join(&place.runs).join(&run.folder).exists() {
                    eprintln!("no weights are taken from {}: the run is trained here", kept.display());
                }
            }
            training::train(repository, &bal, &place, &run, &overrides)?;
            evaluation::evaluate(repository, &bal, &place, &Model::of_run(&run, &place))?;
            if let Some(compared) = copy::keep(repository, &place, &run)?.told() {
                eprintln!("{compared}");
            }
            Ok(())
        })?;
    }
    if figure.parts().contains(&Figure::Ablation) {
        stage("ensembles", || ensembles::evaluate(repository, &bal, &place, ablation::ensembles()))?;
    }
    if figure.parts().contains(&Figure::Ball) {
        stage("ensemble", || ensembles::evaluate(repository, &bal, &place, [ball::ensemble()]))?;
    }
    if figure.parts().contains(&Figure::Robust) {
        stage("ensembles", || ensembles::evaluate(repository, &bal, &place, robust::ensembles()))?;
    }
    if figure.parts().contains(&Figure::Spatial) {
        stage("spatial", || spatial::evaluate(repository, &bal, &place, only))?;
    }
    if figure.parts().contains(&Figure::Variants) {
        stage("variants", || variants::evaluate(repository, &bal, &place, only))?;
    }
    if figure.parts().contains(&Figure::Regression) {
        stage("regression", || regression::evaluate(repository, &bal, &place, only))?;
    }
    if figure.parts().contains(&Figure::Robustness) {
        stage("robustness", || robustness::evaluate(repository, &bal, &place, only))?;
    }

    let drawn = stage("figures", || draw(repository, &place, *figure))?;
    if *quick {
        eprintln!("this was a quick run: it shows that everything works, and its numbers mean nothing");
    }
    for path in drawn {
        println!("{}", repository.relative(&path).display());
    }
    Ok(())
}

/// The folders of the figure's results, as this process's own: two that made one figure would do all twice, and fail at the
/// first run that the other is training.
fn lock(repository: &Repository, place: &Place, figure: Figure) -> Result<Vec<Lock>> {
    let folder = |part: Figure| repository.root().join(&place.results).join(part.name());
    let lock = |part| Ok(Lock::take(&folder(part), &mut |news| eprintln!("{news}"))?);
    figure.parts().into_iter().map(lock).collect()
}

/// Draws what there are runs of, and returns the paths of the pictures, or of the table where there is none.
fn draw(repository: &Repository, place: &Place, figure: Figure) -> Result<Vec<PathBuf>> {
    let results = repository.root().join(&place.results);
    let pages = if place.quick { Vec::new() } else { figures::pages(repository)? };
    let mut pictures = Vec::new();
    for part in figure.parts() {
        let mut paths = figures::draw(repository, part.name(), &results)?;
        paths.extend_from_slice(&pages);
        let whole = |path: &PathBuf| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            stem.starts_with(part.name()) && !stem.ends_with(['a', 'b'])
                || stem == "appendix-a"
                || part == Figure::Robustness && stem.starts_with("calibration-")
        };
        let wanted =
            |path: &PathBuf| path.extension().is_some_and(|e| e == "svg" || e == "md") && whole(path);
        pictures.extend(paths.into_iter().filter(wanted));
    }
    Ok(pictures)
}
