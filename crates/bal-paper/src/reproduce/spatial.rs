//! Three threat models: pixels that change, pixels that move, and poses.
//!
//! Runs of Figure 1 are attacked by moving pixels, beside runs that are trained against that: by PGD on flows, on poses, and as
//! BAL over flows.

use std::path::Path;

use anyhow::Result;

use crate::reproduce::data::AttackOn;
use crate::reproduce::evaluation;
use crate::reproduce::model::Model;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;
use crate::studies::THREATS;
use bal_chores::Bal;
use bal_chores::Repository;

macro_rules! by_moving_pixels {
    ($($more:expr)?) => {
        &[
            AttackOn {
                attack: "flow-pgd",
                flags: &["--radius", "0,0.1,0.2,0.3,0.4,0.5"],
                file: "flow-pgd.json",
                images: Some(1000),
            },
            AttackOn {
                attack: "pose",
                flags: &["--radius", "0,10,20,30"],
                file: "pose.json",
                images: Some(1000),
            },
            AttackOn {
                attack: "flow-pgd",
                flags: &["--control-points", "7", "--radius", "0,0.5,1,1.5"],
                file: "flow-pgd-smooth.json",
                images: Some(1000),
            },
            AttackOn {
                attack: "stadv",
                flags: &["--radius", "0,50,100,150,200"],
                file: "stadv.json",
                images: Some(500),
            },
            $($more)?
        ]
    };
}

/// On runs of Figure 1, whose pixels are changed elsewhere.
const MOVES: &[AttackOn] = by_moving_pixels!();

/// On runs of this comparison.
const ALL: &[AttackOn] = by_moving_pixels!(AttackOn {
    attack: "autoattack",
    flags: &["--radius", "0.05,0.1,0.15"],
    file: "autoattack-linf.json",
    images: Some(1000),
});

/// The runs: those of Figure 1 first.
pub(super) fn runs() -> Vec<Run> {
    let run = |name: &str| {
        let experiment = format!("mnist-{name}");
        Run::new("spatial", name, &experiment, 1).attacked_by(ALL)
    };
    of_figure_1().chain(["flow-pgd", "pose", "bal-flow"].map(run)).collect()
}

fn of_figure_1() -> impl Iterator<Item = Run> {
    let borrowed = THREATS.iter().filter(|threat| threat.of_figure_1);
    borrowed.map(|threat| Run::new("fig1", threat.name, &format!("mnist-{}", threat.name), 1))
}

/// Attacks the finished runs of Figure 1, into the folder of this comparison.
pub(super) fn evaluate(repository: &Repository, bal: &Bal<'_>, place: &Place, only: &[String]) -> Result<()> {
    for run in of_figure_1().filter(|run| run.is_among(only)) {
        let folder = Path::new("spatial").join(&run.name);
        let model = Model { folder, attacks: MOVES, ..Model::of_run(&run, place) };
        if let Some(missing) = model.missing(repository.root()) {
            eprintln!("{}: {} is not trained yet", model.name, missing.display());
            continue;
        }
        evaluation::evaluate(repository, bal, place, &model)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_of_the_figure_is_a_run() {
        let runs = runs();
        let mut names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
        let mut drawn: Vec<&str> = THREATS.iter().map(|threat| threat.name).collect();
        names.sort_unstable();
        drawn.sort_unstable();
        assert_eq!(names, drawn);
        assert!(runs.iter().all(|run| run.name == "erm" || run.start().is_some()));
    }
}
