//! What the paper leaves open, and what it names beside its methods: priors, several architectures in a posterior, the Laplace
//! approximation, ensemble adversarial training.
//!
//! Runs of Figure 1 stand beside them, under the same strong attack.

use std::path::Path;

use anyhow::Result;

use crate::reproduce::calibration;
use crate::reproduce::data::{AttackOn, FGSM};
use crate::reproduce::evaluation;
use crate::reproduce::model::Model;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;
use crate::studies::Question;
use bal_chores::Bal;
use bal_chores::Repository;

/// Its folder among results.
const FIGURE: &str = "variants";

/// Strong, and short enough for posteriors of fifteen networks.
const STRONG: AttackOn =
    AttackOn { attack: "apgd-t", flags: &["--radius", "0,0.1,0.15"], file: "apgd-t.json", images: Some(500) };

/// On runs of Figure 1, which are under FGSM there.
const STRONG_ALONE: &[AttackOn] = &[STRONG];

/// On runs of this comparison.
const BOTH: &[AttackOn] = &[FGSM, STRONG];

/// The runs: those of Figure 1 first.
pub(super) fn runs() -> Vec<Run> {
    let (mut of_figure_1, mut own) = (Vec::new(), Vec::new());
    for model in Question::models_of(FIGURE) {
        if model.of_figure_1 {
            of_figure_1.push(Run::new("fig1", model.name, &format!("mnist-{}", model.name), 1));
        } else {
            let run = Run::new(FIGURE, model.name, model.experiment, 1);
            own.push(run.with(model.settings).attacked_by(BOTH));
        }
    }
    of_figure_1.extend(own);
    of_figure_1
}

/// Attacks the finished runs of Figure 1 into the folder of this comparison, and calibrates all.
pub(super) fn evaluate(repository: &Repository, bal: &Bal<'_>, place: &Place, only: &[String]) -> Result<()> {
    for run in runs().iter().filter(|run| run.is_among(only)) {
        let folder = Path::new(FIGURE).join(&run.name);
        let model = Model { folder, attacks: STRONG_ALONE, ..Model::of_run(run, place) };
        if let Some(missing) = model.missing(repository.root()) {
            eprintln!("{}: {} is not trained yet", model.name, missing.display());
            continue;
        }
        evaluation::evaluate(repository, bal, place, &model)?;
        calibration::calibrate(repository, bal, &model, 0, &place.results.join(&model.folder), place.quick)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_one_run_and_runs_of_figure_1_come_first() {
        let runs = runs();
        let first_own = runs.iter().position(|run| run.folder.starts_with(FIGURE)).unwrap();
        assert!(runs[first_own..].iter().all(|run| run.folder.starts_with(FIGURE)));
        let mut folders: Vec<_> = runs.iter().map(|run| &run.folder).collect();
        folders.sort_unstable();
        folders.dedup();
        assert_eq!(folders.len(), runs.len());
    }

    #[test]
    fn priors_are_changes_of_the_exact_sampler() {
        let run = runs().into_iter().find(|run| run.name == "prior-student-t").unwrap();
        assert_eq!(run.experiment, "mnist-bal-exact");
        assert_eq!(run.start().unwrap(), Path::new("fig1/erm"));
        let value: toml::Table = run.settings[0].parse().unwrap();
        let degrees = value["bal"]["parameters"]["prior"]["student_t"]["degrees"].as_float();
        assert_eq!(degrees, Some(3.0));
    }
}
