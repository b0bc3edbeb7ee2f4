//! Which runs stand behind a figure, in the order they are made in: the most telling first.

use anyhow::{Result, ensure};
use bal_report::figures::FIG1_RUNS;
use clap::ValueEnum;

use crate::reproduce::runs::Run;

/// A figure of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Figure {
    /// MNIST under FGSM and the one-step CW attack, nine methods
    Fig1,
    /// MNIST by number of parameter chains, and of data chains
    Fig2,
}

/// Numbers of parameter chains of Figure 2 beside the 5 of Figure 1.
const CHAINS: [u32; 3] = [1, 3, 10];

impl Figure {
    /// Its folder among results.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fig1 => "fig1",
            Self::Fig2 => "fig2",
        }
    }

    /// The runs of seeds 1 to `seeds`: all, or those named in `only` with what they start from.
    ///
    /// Fails for a name that is no run of the figure.
    pub(super) fn runs(self, seeds: u64, only: &[String]) -> Result<Vec<Run>> {
        let all: Vec<Run> = (1..=seeds).flat_map(|seed| self.of_seed(seed)).collect();
        for name in only {
            let mut names: Vec<&str> = all.iter().map(|run| run.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            ensure!(
                names.contains(&name.as_str()),
                "{} has no run {name:?}; there are {}",
                self.name(),
                names.join(", ")
            );
        }
        let wanted = |run: &Run| only.is_empty() || run.start().is_none() || only.contains(&run.name);
        Ok(all.into_iter().filter(wanted).collect())
    }

    fn of_seed(self, seed: u64) -> Vec<Run> {
        let of_figure_1 = |name: &str| Run::new("fig1", name, &format!("mnist-{name}"), seed);
        match self {
            Self::Fig1 => FIG1_RUNS.iter().map(|name| of_figure_1(name)).collect(),
            Self::Fig2 => {
                let mut runs = vec![of_figure_1("erm"), of_figure_1("bal-released")];
                runs.extend(CHAINS.map(|chains| parameter_chains(chains, seed)));
                if seed == 1 {
                    runs.extend(CHAINS.map(equal_perturbation));
                    runs.push(data_chains());
                }
                runs
            }
        }
    }
}

fn released(name: &str, seed: u64) -> Run {
    Run::new("fig2", name, "mnist-bal-released", seed)
}

/// The paper's comparison: nothing else changes.
fn parameter_chains(chains: u32, seed: u64) -> Run {
    released(&format!("sw-{chains}"), seed).with(&[&format!("bal.parameter_chains={chains}")])
}

/// The data energy sums over parameter chains, so images move further the more there are: here the step makes up for it.
fn equal_perturbation(chains: u32) -> Run {
    let first = 75.0 * 5.0 / f64::from(chains);
    released(&format!("sw-{chains}-equal"), 1)
        .with(&[&format!("bal.parameter_chains={chains}"), &format!("bal.data.step_size.first={first:?}")])
}

/// Three data chains, with the step, cost and temperature that one has as an image's own (`LossScale::BatchMean`).
fn data_chains() -> Run {
    released("sz-3", 1).with(&[
        "bal.data_chains=3",
        "bal.data.step_size.first=225.0",
        "bal.data.cost_weight=3.3333333333333335e-5",
        "bal.data.temperature=3.3333333333333334e-8",
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(figure: Figure, seeds: u64, only: &[&str]) -> Vec<String> {
        let only: Vec<String> = only.iter().map(ToString::to_string).collect();
        let runs = figure.runs(seeds, &only).unwrap();
        runs.iter().map(|run| run.folder.display().to_string()).collect()
    }

    #[test]
    fn a_run_follows_what_it_starts_from() {
        for figure in [Figure::Fig1, Figure::Fig2] {
            let runs = figure.runs(3, &[]).unwrap();
            for (i, run) in runs.iter().enumerate() {
                let Some(start) = run.start() else { continue };
                assert!(runs[..i].iter().any(|earlier| earlier.folder == start), "{run:?}");
            }
        }
    }

    #[test]
    fn a_selection_brings_what_it_starts_from() {
        assert_eq!(names(Figure::Fig1, 1, &["bnn", "fgsm"]), ["fig1/erm", "fig1/fgsm", "fig1/bnn"]);
        assert_eq!(
            names(Figure::Fig2, 2, &["sw-3"]),
            ["fig1/erm", "fig2/sw-3", "fig1/seed-2/erm", "fig2/seed-2/sw-3"]
        );
    }

    #[test]
    fn figure_2_shares_five_chains_with_figure_1_and_its_controls_have_one_seed() {
        let all = names(Figure::Fig2, 2, &[]);
        assert!(all.contains(&"fig1/seed-2/bal-released".into()), "{all:?}");
        assert_eq!(all.iter().filter(|name| name.contains("equal") || name.contains("sz-3")).count(), 4);
    }

    #[test]
    fn equal_perturbations_divide_the_step_by_the_chains() {
        assert_eq!(
            equal_perturbation(10).settings,
            ["bal.parameter_chains=10", "bal.data.step_size.first=37.5"]
        );
    }

    #[test]
    fn an_unknown_run_is_named_with_those_there_are() {
        let error = Figure::Fig2.runs(1, &["sw-4".into()]).unwrap_err().to_string();
        assert!(error.contains("\"sw-4\"") && error.contains("sw-3"), "{error}");
    }
}
