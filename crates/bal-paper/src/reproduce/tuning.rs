//! The search for the largest training radius that keeps clean accuracy above 94 %, as the paper tuned its baselines.

use std::fs;
use std::path::{Path, PathBuf};

use crate::tuning::{Trial, Tuning};
use anyhow::{Context, Result, ensure};
use bal_report::Record;

use crate::reproduce::place::Place;
use crate::reproduce::quick::Overrides;
use crate::reproduce::runs::Run;
use crate::reproduce::training;
use bal_chores::Bal;
use bal_chores::Repository;

/// The clean accuracy on held-out training images that a value has to exceed.
const KEPT: f64 = 0.94;

/// How far a search goes.
#[derive(Clone, Copy)]
struct Extent {
    /// Doublings, or halvings, before it gives up.
    doublings: u32,
    /// Halvings of the bracket, on a logarithmic scale.
    bisections: u32,
}

/// Where trials are, and what is on record of a search.
const TRIALS: &str = "tuning";

const FULL: Extent = Extent { doublings: 6, bisections: 3 };
const QUICK: Extent = Extent { doublings: 1, bisections: 0 };

/// How many trainings `run` takes at least: one, or those of a search that crosses the edge with its second trial.
pub(super) fn fewest_trainings(repository: &Repository, place: &Place, run: &Run) -> u32 {
    if run.tuned.is_none() || record(repository, place, run).is_some_and(|file| file.is_file()) {
        return 1;
    }
    2 + extent(place).bisections
}

/// `run` with its setting found, `None` if no value keeps the accuracy; any other run as it is.
///
/// What was searched is in `tuning/NAME.json` beside the run's results, and is not searched again. The trial that was
/// chosen is the run.
pub(super) fn resolved(
    repository: &Repository,
    bal: &Bal<'_>,
    place: &Place,
    run: Run,
    overrides: &Overrides,
) -> Result<Option<Run>> {
    let Some(tuned) = run.tuned else { return Ok(Some(run)) };
    let file = record(repository, place, &run).context("a run is in a figure's folder")?;
    let tuning = if file.is_file() {
        Tuning::read(&file)?
    } else {
        let trial = |value: f64| {
            let trial = Run { folder: trial_folder(&run, value), tuned: None, ..run.clone() }
                .with(&[&format!("{}={value}", tuned.key)]);
            training::train(repository, bal, place, &trial, overrides)?;
            let record =
                Record::read(&repository.root().join(&place.runs).join(&trial.folder).join("record.json"))?;
            let held_out = record.held_out.context("the run held out no images to tune on")?;
            eprintln!("{} = {value}: {held_out:.4} on held-out images", tuned.key);
            Ok(Trial { value, held_out })
        };
        let trials = search(tuned.from, extent(place), trial)?;
        let mut tuning =
            Tuning { key: tuned.key.into(), threshold: KEPT, quick: place.quick, trials, chosen: None };
        tuning.chosen = tuning.best();
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        tuning.write(&file)?;
        tuning
    };
    let Some(value) = tuning.chosen else {
        eprintln!("{}: no value of {} keeps {KEPT} clean accuracy", run.name, tuned.key);
        return Ok(None);
    };
    let runs = repository.root().join(&place.runs);
    adopt(&runs.join(trial_folder(&run, value)), &runs.join(&run.folder))?;
    Ok(Some(Run { tuned: None, ..run }.with(&[&format!("{}={value}", tuned.key)])))
}

/// The record of the search: among the results of the run's figure.
fn record(repository: &Repository, place: &Place, run: &Run) -> Option<PathBuf> {
    let figure = repository.root().join(&place.results).join(run.folder.parent()?);
    Some(figure.join(TRIALS).join(format!("{}.json", run.name)))
}

fn extent(place: &Place) -> Extent {
    if place.quick { QUICK } else { FULL }
}

/// The folder of a trial: beside the run, so that both are on one disk.
fn trial_folder(run: &Run, value: f64) -> PathBuf {
    run.folder.with_file_name(TRIALS).join(format!("{}-{value:.5}", run.name))
}

/// Gives the run's name to the trial that is the same, unless there is such a run.
fn adopt(trial: &Path, run: &Path) -> Result<()> {
    if trial.is_dir() && !run.exists() {
        let context = || format!("cannot rename {} to {}", trial.display(), run.display());
        fs::rename(trial, run).with_context(context)?;
    }
    Ok(())
}

/// Doubles or halves `from` until the accuracy crosses [`KEPT`], then halves the bracket.
fn search(from: f64, extent: Extent, mut trial: impl FnMut(f64) -> Result<Trial>) -> Result<Vec<Trial>> {
    ensure!(from > 0.0, "a search starts above 0");
    let mut trials = vec![trial(from)?];
    let keeps = |trial: &Trial| trial.held_out > KEPT;
    let upwards = keeps(&trials[0]);
    let factor = if upwards { 2.0 } else { 0.5 };
    let (mut inner, mut outer) = (from, None);
    for _ in 0..extent.doublings {
        let value = inner * factor;
        let next = trial(value)?;
        trials.push(next);
        if keeps(&next) != upwards {
            outer = Some(value);
            break;
        }
        inner = value;
    }
    if let Some(outer) = outer {
        let (mut low, mut high) = (inner.min(outer), inner.max(outer));
        for _ in 0..extent.bisections {
            let next = trial((low * high).sqrt())?;
            trials.push(next);
            if keeps(&next) { low = next.value } else { high = next.value }
        }
    }
    Ok(trials)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reproduce::runs::Tuned;

    /// Accuracy falls through [`KEPT`] at `edge`.
    fn best(from: f64, edge: f64, extent: Extent) -> (Option<f64>, usize) {
        let trials =
            search(from, extent, |value| Ok(Trial { value, held_out: KEPT + 0.1 * (edge - value) })).unwrap();
        let kept = trials.iter().filter(|t| t.held_out > KEPT).map(|t| t.value).reduce(f64::max);
        (kept, trials.len())
    }

    #[test]
    fn the_largest_harmless_value_is_found_from_below_and_from_above() {
        for edge in [0.05, 0.3, 0.004] {
            let (found, _) = best(0.0345, edge, FULL);
            let found = found.unwrap();
            assert!(found <= edge && found > edge / 1.1, "{found} {edge}");
        }
    }

    #[test]
    fn the_chosen_trial_becomes_the_run_but_never_takes_the_place_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let runs = |name: &str| folder.path().join(name);
        let write = |name: &str| {
            fs::create_dir_all(runs(name)).unwrap();
            fs::write(runs(name).join("record.json"), name).unwrap();
        };
        write("tuning/fgsm-0.06900");
        adopt(&runs("tuning/fgsm-0.06900"), &runs("fgsm-tuned")).unwrap();
        assert_eq!(fs::read_to_string(runs("fgsm-tuned/record.json")).unwrap(), "tuning/fgsm-0.06900");
        assert!(!runs("tuning/fgsm-0.06900").exists());
        write("tuning/fgsm-0.06900");
        adopt(&runs("tuning/fgsm-0.06900"), &runs("fgsm-tuned")).unwrap();
        assert!(runs("tuning/fgsm-0.06900").exists());
    }

    #[test]
    fn a_trial_is_beside_its_run() {
        let run = Run::new("fig3", "fgsm-tuned", "gtsrb-fgsm", 1);
        assert_eq!(trial_folder(&run, 0.069), Path::new("fig3/tuning/fgsm-tuned-0.06900"));
    }

    #[test]
    fn a_search_on_record_is_one_training_and_any_other_at_least_five() {
        let repository = Repository::find().unwrap();
        let trainings = |run: &Run, quick| fewest_trainings(&repository, &Place::new(quick), run);
        let tuned = |name: &str| {
            let key = Tuned { key: "adversarial_training.attack.radius", from: 0.0345 };
            Run::new("fig3", name, "gtsrb-fgsm", 1).tuned(key)
        };
        assert_eq!(trainings(&tuned("fgsm-tuned"), false), 1);
        assert_eq!(trainings(&tuned("no-such-run"), false), 5);
        assert_eq!(trainings(&tuned("no-such-run"), true), 2);
        assert_eq!(trainings(&Run::new("fig3", "fgsm", "gtsrb-fgsm", 1), false), 1);
    }

    #[test]
    fn a_search_ends_where_nothing_keeps_the_accuracy() {
        assert_eq!(best(0.0345, -1.0, FULL), (None, 7));
        assert_eq!(best(0.0345, 1.0, QUICK), (Some(0.069), 2));
    }
}
