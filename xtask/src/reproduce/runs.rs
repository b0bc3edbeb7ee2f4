//! The runs behind Figure 1, in the order they are made in.

use bal_report::figures::FIG1_RUNS;

/// The name every other run starts from.
pub(super) const START: &str = "erm";

/// What `--only` takes.
pub(super) const NAMES: [&str; 9] = FIG1_RUNS;

/// Runs whose weights are small enough, and interesting enough, to be committed.
const WITH_WEIGHTS: [&str; 2] = ["erm", "bal-released"];

/// A training run with the evaluations of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    pub(super) name: &'static str,
}

impl Run {
    /// All runs, or those in `only` after the one they start from.
    pub(super) fn selected(only: &[String]) -> Vec<Run> {
        let wanted =
            |name: &&str| only.is_empty() || *name == START || only.iter().any(|other| other == name);
        NAMES.into_iter().filter(wanted).map(|name| Run { name }).collect()
    }

    /// Its experiment file, from the root of the checkout.
    pub(super) fn experiment(self) -> String {
        format!("experiments/mnist-{}.toml", self.name)
    }

    /// The run it takes its first weights from.
    pub(super) fn start(self) -> Option<&'static str> {
        (self.name != START).then_some(START)
    }

    /// Whether its weights are committed beside its record.
    pub(super) fn keeps_weights(self) -> bool {
        WITH_WEIGHTS.contains(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str]) -> Vec<&'static str> {
        let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
        Run::selected(&only).into_iter().map(|run| run.name).collect()
    }

    #[test]
    fn the_run_that_others_start_from_is_the_first() {
        assert_eq!(names(&[]), NAMES);
        assert_eq!(NAMES[0], START);
        assert_eq!(Run { name: START }.start(), None);
        assert_eq!(Run { name: "wrm" }.start(), Some(START));
    }

    #[test]
    fn a_selection_brings_the_run_it_starts_from() {
        assert_eq!(names(&["bnn", "fgsm"]), ["erm", "fgsm", "bnn"]);
        assert_eq!(names(&["erm"]), ["erm"]);
    }
}
