//! Trains a run, or goes on with it, or leaves it alone.

use std::path::Path;

use anyhow::Result;

use crate::reproduce::model::WEIGHTS;
use crate::reproduce::place::Place;
use crate::reproduce::quick::Overrides;
use crate::reproduce::runs::Run;
use bal_chores::Bal;
use bal_chores::Repository;

/// Makes sure that the run is finished.
pub(super) fn train(
    repository: &Repository,
    bal: &Bal<'_>,
    place: &Place,
    run: &Run,
    overrides: &Overrides,
) -> Result<()> {
    let folder = place.runs.join(&run.folder);
    if is_finished(&repository.root().join(&folder)) {
        eprintln!("trained already; remove {} to train it again", folder.display());
        return Ok(());
    }
    bal.run(&arguments(place, run, &overrides.of(&run.experiment)))
}

/// Whether the run in `folder` is finished: each of its two results gets its name when it is whole.
fn is_finished(folder: &Path) -> bool {
    [WEIGHTS, "record.json"].iter().all(|file| folder.join(file).is_file())
}

/// The command line of `bal train`, which begins a run or goes on with it; `overrides`, which make runs short, win.
fn arguments(place: &Place, run: &Run, overrides: &[String]) -> Vec<String> {
    let folder = |folder: &Path| place.runs.join(folder).display().to_string();
    let mut arguments = vec!["train".into(), "--resume".into(), "--experiment".into(), run.experiment_file()];
    arguments.extend(["--out".into(), folder(&run.folder)]);
    if let Some(start) = run.start() {
        arguments.extend(["--start".into(), folder(&start)]);
    }
    if run.seed != 1 {
        arguments.extend(["--seed".into(), run.seed.to_string()]);
    }
    if place.quick {
        arguments.push("--quick".into());
    }
    for setting in run.settings.iter().chain(overrides) {
        arguments.extend(["--set".into(), setting.clone()]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_run_is_finished_when_weights_and_record_are_there() {
        let run = tempfile::tempdir().unwrap();
        assert!(!is_finished(run.path()));
        fs::write(run.path().join(WEIGHTS), "").unwrap();
        assert!(!is_finished(run.path()));
        fs::write(run.path().join("record.json"), "").unwrap();
        assert!(is_finished(run.path()));
    }

    #[test]
    fn the_first_run_has_no_start_and_the_others_start_from_it() {
        let line = |name: &str, seed, quick, settings: &[String]| {
            let run = Run::new("fig1", name, &format!("mnist-{name}"), seed);
            arguments(&Place::new(quick), &run, settings).join(" ")
        };
        assert_eq!(
            line("erm", 1, false, &[]),
            "train --resume --experiment experiments/mnist-erm.toml --out runs/fig1/erm"
        );
        assert_eq!(
            line("wrm", 2, true, &["epochs=1".into()]),
            "train --resume --experiment experiments/mnist-wrm.toml --out runs/quick/fig1/seed-2/wrm \
             --start runs/quick/fig1/seed-2/erm --seed 2 --quick --set epochs=1"
        );
    }

    #[test]
    fn settings_of_a_quick_run_come_last_so_that_they_win() {
        let run = Run::new("fig3", "erm", "gtsrb-erm", 1).with(&["train_images=35000"]);
        let line = arguments(&Place::new(true), &run, &["train_images=4096".into()]).join(" ");
        assert!(line.ends_with("--set train_images=35000 --set train_images=4096"), "{line}");
    }
}
