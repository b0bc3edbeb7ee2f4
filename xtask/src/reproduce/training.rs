//! Trains a run, or goes on with it, or leaves it alone.

use std::path::Path;

use anyhow::Result;

use crate::bal::Bal;
use crate::repository::Repository;
use crate::reproduce::place::Place;
use crate::reproduce::quick::Overrides;
use crate::reproduce::runs::Run;

/// Makes sure that the run is finished.
pub(super) fn train(
    repository: &Repository,
    bal: &Bal<'_>,
    place: &Place,
    run: &Run,
    overrides: &Overrides,
) -> Result<()> {
    let folder = place.runs.join(run.name);
    let state = State::of(&repository.root().join(&folder));
    if state == State::Finished {
        eprintln!("trained already; remove {} to train it again", folder.display());
        return Ok(());
    }
    bal.run(&arguments(place, run, state, &overrides.of(run.name)))
}

/// How far a run is, by the files in its folder.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    New,
    Begun,
    Finished,
}

impl State {
    fn of(folder: &Path) -> Self {
        // Each of the two is renamed into place when it is whole.
        if ["posterior.safetensors", "record.json"].iter().all(|file| folder.join(file).is_file()) {
            State::Finished
        } else if folder.exists() {
            State::Begun
        } else {
            State::New
        }
    }
}

/// The command line of `bal train`.
fn arguments(place: &Place, run: &Run, state: State, settings: &[String]) -> Vec<String> {
    let folder = |name: &str| place.runs.join(name).display().to_string();
    let mut arguments: Vec<String> =
        vec!["train".into(), "--experiment".into(), run.experiment(), "--out".into(), folder(run.name)];
    if let Some(start) = run.start() {
        arguments.extend(["--start".into(), folder(start)]);
    }
    if state == State::Begun {
        arguments.push("--resume".into());
    }
    if place.quick {
        arguments.push("--quick".into());
    }
    for setting in settings {
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
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("erm");
        assert_eq!(State::of(&run), State::New);
        fs::create_dir(&run).unwrap();
        assert_eq!(State::of(&run), State::Begun);
        fs::write(run.join("posterior.safetensors"), "").unwrap();
        assert_eq!(State::of(&run), State::Begun);
        fs::write(run.join("record.json"), "").unwrap();
        assert_eq!(State::of(&run), State::Finished);
    }

    #[test]
    fn the_first_run_has_no_start_and_the_others_start_from_it() {
        let line = |name, quick, state, settings: &[String]| {
            arguments(&Place::figure_1(quick), &Run { name }, state, settings).join(" ")
        };
        assert_eq!(
            line("erm", false, State::New, &[]),
            "train --experiment experiments/mnist-erm.toml --out runs/fig1/erm"
        );
        assert_eq!(
            line("wrm", true, State::Begun, &["epochs=1".into()]),
            "train --experiment experiments/mnist-wrm.toml --out runs/quick/fig1/wrm --start runs/quick/fig1/erm \
             --resume --quick --set epochs=1"
        );
    }
}
