//! The flags of `bal explain` and `bal init`.

use crate::{
    args::{Machine, TrainingDataFlags},
    output,
};
use clap::Args;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// An experiment file, or a run folder [default: BAL on MNIST as released].
    #[arg(value_name = "EXPERIMENT|RUN")]
    experiment: Option<PathBuf>,
    /// The same as EXPERIMENT, with the flag of `bal train`.
    #[arg(long = "experiment", value_name = "FILE", conflicts_with = "experiment")]
    experiment_file: Option<PathBuf>,
    /// Changes a setting, as in `bal train`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) images: TrainingDataFlags,
    /// Skips the time estimate, which trains on a few batches.
    #[arg(long)]
    pub(crate) no_timing: bool,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

impl Explain {
    /// The experiment file or run folder that is named.
    pub(crate) fn experiment(&self) -> Option<&Path> {
        self.experiment.as_deref().or(self.experiment_file.as_deref())
    }
}

/// The method unless one is named.
pub(crate) const METHOD: &str = "bal-released";

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The method: bal-released, bal-paper, bal-exact, bnn, erm, fgsm, ifgsm, pgd, wrm, laplace.
    #[arg(long, value_name = "NAME", default_value = METHOD)]
    pub(crate) method: String,
    /// Changes a setting, as in `bal train`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    #[command(flatten)]
    pub(crate) images: TrainingDataFlags,
    /// The file to write, or - for standard output [default: NAME.toml]. The experiment of the start weights goes
    /// beside it.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) machine: Machine,
}
