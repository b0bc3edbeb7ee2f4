//! Which runs stand behind a figure, in the order they are made in: the most telling first.

use crate::studies::{APPENDIX_A, APPENDIX_A_FASTER, FIG1, FIG3, FIG3_TUNED, SAMPLERS};
use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::reproduce::ablation;
use crate::reproduce::ball;
use crate::reproduce::data::{AttackOn, Data};
use crate::reproduce::dispersed;
use crate::reproduce::robust;
use crate::reproduce::robustness;
use crate::reproduce::runs::{Run, Tuned};
use crate::reproduce::spatial;
use crate::reproduce::variants;

/// A figure of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Figure {
    /// MNIST under FGSM and the one-step CW attack, nine methods
    Fig1,
    /// MNIST by number of parameter chains, and of data chains
    Fig2,
    /// Fashion-MNIST under FGSM and the one-step CW attack, seven methods
    AppendixA,
    /// GTSRB under FGSM and the one-step CW attack, seven methods, in the paper's split and in the official one
    Fig3,
    /// What the distribution over data, the posterior and the ensemble buy, at equal gradient evaluations
    Ablation,
    /// BAL in a ball at equal gradients: the temperature of its data, the posterior; nothing of the paper's
    Ball,
    /// How well five samplers explore the posterior of a network, and at which temperature, each with several step sizes
    Samplers,
    /// Attacks that move pixels, on four runs of Figure 1 and on three that are trained against such: section 4 of the paper
    Spatial,
    /// Priors, several architectures in a posterior, the Laplace approximation, ensemble adversarial training: beside runs of
    /// Figure 1
    Variants,
    /// BAL in a ball from dispersed starts, for long; nothing of the paper's
    Dispersed,
    /// BAL made for robustness in four balls, each posterior beside its controls at equal gradients; nothing of the paper's
    Robust,
    /// Values of three tables of the UCI repository, over their 20 divisions: square loss, section 3 of the paper
    Regression,
    /// AutoAttack and others on the runs of Figures 1 and 3, Appendix A, adversarial training at BAL's distance (member-linf:
    /// five such networks as one) and BAL from initial weights, those that are not trained yet among them
    Robustness,
    /// All of them, the most telling runs first
    All,
}

/// Numbers of parameter chains of Figure 2 beside the 5 of Figure 1.
const CHAINS: [u32; 3] = [1, 3, 10];

/// Training images of GTSRB's official split after its held-out tracks.
const OFFICIAL_IMAGES: u32 = 35_200;

impl Figure {
    /// The single ones, in the order of [`Figure::All`].
    pub(super) const EACH: [Self; 13] = [
        Self::Fig1,
        Self::Fig2,
        Self::AppendixA,
        Self::Fig3,
        Self::Ablation,
        Self::Ball,
        Self::Samplers,
        Self::Spatial,
        Self::Variants,
        Self::Dispersed,
        Self::Robust,
        Self::Regression,
        Self::Robustness,
    ];

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fig1 => "fig1",
            Self::Fig2 => "fig2",
            Self::AppendixA => "appendix-a",
            Self::Fig3 => "fig3",
            Self::Ablation => "ablation",
            Self::Ball => "ball",
            Self::Samplers => "samplers",
            Self::Spatial => "spatial",
            Self::Variants => "variants",
            Self::Dispersed => "dispersed",
            Self::Robust => "robust",
            Self::Regression => "regression",
            Self::Robustness => "robustness",
            Self::All => "all",
        }
    }

    /// Those it stands for.
    pub(super) fn parts(self) -> Vec<Self> {
        if self == Self::All { Self::EACH.into() } else { vec![self] }
    }

    /// The runs of seeds 1 to `seeds`: all, or those in `only` with what they start from. A name stands for every run
    /// that has it, of whatever seed and split; a folder for one.
    ///
    /// Fails for what is neither the name nor the folder of a run of the figure.
    pub(super) fn runs(self, seeds: u64, only: &[String]) -> Result<Vec<Run>> {
        let mut all: Vec<Run> = Vec::new();
        for run in (1..=seeds).flat_map(|seed| self.parts().into_iter().flat_map(move |f| f.of_seed(seed))) {
            if !all.iter().any(|other| other.folder == run.folder) {
                all.push(run);
            }
        }
        if self == Self::Regression {
            return Ok(all);
        }
        for said in only {
            let mut names: Vec<&str> = all.iter().map(|run| run.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            ensure!(
                all.iter().any(|run| run.is_called(said)),
                "{} has no run {said:?}; there are {}; `--list` shows the folder of each",
                self.name(),
                names.join(", ")
            );
        }
        let starts: Vec<_> = all.iter().filter(|run| run.is_among(only)).filter_map(Run::start).collect();
        Ok(all.into_iter().filter(|run| run.is_among(only) || starts.contains(&run.folder)).collect())
    }

    fn of_seed(self, seed: u64) -> Vec<Run> {
        let of_figure_1 = |name: &str| Run::new("fig1", name, &format!("mnist-{name}"), seed);
        match self {
            Self::Fig1 => FIG1.runs().map(of_figure_1).collect(),
            Self::Fig2 => {
                let mut runs = vec![of_figure_1("erm"), of_figure_1("bal-released")];
                runs.extend(CHAINS.map(|chains| parameter_chains(chains, seed)));
                if seed == 1 {
                    runs.extend(CHAINS.map(equal_perturbation));
                    runs.push(data_chains());
                }
                runs
            }
            Self::AppendixA if seed == 1 => appendix_a(),
            Self::Fig3 if seed == 1 => figure_3(),
            Self::Ablation if seed == 1 => ablation::runs(),
            // The members of its ensemble have seeds of their own.
            Self::Ball if seed == 1 => ball::runs(seed).into_iter().chain(ball::members()).collect(),
            Self::Ball => ball::runs(seed),
            Self::Samplers if seed == 1 => samplers(),
            Self::Spatial if seed == 1 => spatial::runs(),
            Self::Variants if seed == 1 => variants::runs(),
            Self::Dispersed if seed == 1 => dispersed::runs(),
            Self::Robust if seed == 1 => robust::runs(),
            Self::Robustness if seed == 1 => robustness::runs(),
            // One seed, so far as their figures go; and `All` is taken apart before.
            Self::AppendixA
            | Self::Fig3
            | Self::Ablation
            | Self::Samplers
            | Self::Spatial
            | Self::Variants
            | Self::Dispersed
            | Self::Robust
            | Self::Robustness
            // Its runs are many and small, and made apart.
            | Self::Regression
            | Self::All => Vec::new(),
        }
    }
}

/// Fashion-MNIST: as released, then with Adam at 1e-3 where that is another run.
fn appendix_a() -> Vec<Run> {
    let of = |name: &str| match name.strip_suffix("-faster") {
        None => Run::new("appendix-a", name, &format!("fashion-{name}"), 1),
        Some(method) => Run::new("appendix-a", name, &format!("fashion-{method}"), 1)
            .with(&["adversarial_training.adam.step_size=1e-3"]),
    };
    unique(APPENDIX_A.runs().chain(APPENDIX_A_FASTER.runs())).map(of).collect()
}

/// GTSRB in the paper's split: the radii as released, then tuned; and in the official one.
fn figure_3() -> Vec<Run> {
    let radius = |from| Tuned { key: "adversarial_training.attack.radius", from };
    let of = |name: &str| match name.strip_suffix("-tuned") {
        None => Run::new("fig3", name, &format!("gtsrb-{name}"), 1),
        Some(method) => {
            let run = Run::new("fig3", name, &format!("gtsrb-{method}"), 1);
            if method == "wrm" {
                run.tuned(Tuned { key: "wrm.ascent.loss_weight", from: 1.3 })
            } else {
                run.tuned(radius(0.0345))
            }
        }
    };
    let official = |name: &str| {
        Run::new("fig3/official", name, &format!("gtsrb-{name}"), 1).on(Data::Gtsrb, OFFICIAL_IMAGES)
    };
    // BAL costs hours: it comes after all that costs minutes.
    let quick_first = |names: Vec<&'static str>| {
        let (bal, rest): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.starts_with("bal"));
        rest.into_iter().chain(bal)
    };
    let paper: Vec<&str> = unique(FIG3.runs().chain(FIG3_TUNED.runs())).collect();
    let mut runs: Vec<Run> = quick_first(paper).map(of).collect();
    runs.extend(quick_first(FIG3.runs().collect()).map(official));
    runs
}

/// What the samples give together, in short: that is not what their study is about.
const SAMPLED: &[AttackOn] =
    &[AttackOn { attack: "fgsm", flags: &[], file: "fgsm.json", images: Some(1000) }];

/// The posterior without adversarial data, by five samplers, each with several step sizes.
fn samplers() -> Vec<Run> {
    let mut runs = vec![Run::new("fig1", "erm", "mnist-erm", 1)];
    for (sampler, step_sizes) in SAMPLERS {
        runs.extend(step_sizes.iter().map(|step_size| {
            let name = format!("{sampler}-{step_size}");
            let run = Run::new("samplers", &name, &format!("mnist-bnn-{sampler}"), 1);
            run.attacked_by(SAMPLED).with(&[&format!("bnn.parameters.{sampler}.step_size={step_size}")])
        }));
    }
    runs
}

fn unique(names: impl Iterator<Item = &'static str>) -> impl Iterator<Item = &'static str> {
    let mut seen: Vec<&str> = Vec::new();
    names.filter(move |name| {
        let new = !seen.contains(name);
        seen.push(name);
        new
    })
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
        for figure in Figure::EACH.into_iter().chain([Figure::All]) {
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
        assert_eq!(names(Figure::Ablation, 1, &["no-noise"]), ["fig1/erm", "ablation/no-noise"]);
        assert_eq!(
            names(Figure::Fig2, 3, &["fig2/seed-2/sw-3", "fig2/seed-3/sw-3/"]),
            ["fig1/seed-2/erm", "fig2/seed-2/sw-3", "fig1/seed-3/erm", "fig2/seed-3/sw-3"]
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
    fn appendix_a_trains_three_methods_again_with_adam_as_on_mnist() {
        let runs = Figure::AppendixA.runs(2, &[]).unwrap();
        assert_eq!(runs.len(), 10);
        let faster = runs.iter().find(|run| run.name == "pgd-faster").unwrap();
        assert_eq!(faster.settings, ["adversarial_training.adam.step_size=1e-3"]);
        assert_eq!(faster.data, Data::FashionMnist);
    }

    #[test]
    fn figure_3_has_both_splits_and_bal_comes_last_in_each() {
        let all = names(Figure::Fig3, 1, &[]);
        assert_eq!(all.len(), 11 + 7);
        assert_eq!(all[10], "fig3/bal-released");
        assert_eq!(all[17], "fig3/official/bal-released");
    }

    #[test]
    fn all_figures_together_train_nothing_twice() {
        let all = names(Figure::All, 3, &[]);
        let mut folders = all.clone();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), all.len());
        assert!(all.contains(&"fig1/seed-3/wrm".into()) && all.contains(&"ablation/no-noise".into()));
    }

    #[test]
    fn an_unknown_run_is_named_with_those_there_are() {
        let error = Figure::Fig2.runs(1, &["sw-4".into()]).unwrap_err().to_string();
        assert!(error.contains("\"sw-4\"") && error.contains("sw-3"), "{error}");
    }
}
