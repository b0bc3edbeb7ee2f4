//! `bal transfer` and its flags.

use crate::{
    args::{Machine, attack::AttackFlags, usage},
    output,
};
use anyhow::Result;
use bal::{ImageSelection, ModelSource, Split, TransferRequest};
use bal_attacks::{AttackName, Radii};
use clap::Args;
use std::path::PathBuf;

#[derive(Clone, Debug, Args)]
pub(crate) struct Transfer {
    /// At least two models: folders that `bal train` wrote, safetensors, exported (.pt2) or TorchScript files (.pt), which get pixels in [0, 1].
    #[arg(value_name = "RUN|FILE", required = true, num_args = 2..)]
    pub(crate) models: Vec<PathBuf>,
    /// The data set whose test images are used: mnist, fashion-mnist, gtsrb, gtsrb-paper, or a folder or table of your own
    /// images [default: the data set of the first run, else mnist].
    #[arg(long, value_name = "SET|DIR")]
    pub(crate) dataset: Option<String>,
    /// Draws N images at random by the seed, for data sets that are sorted by class.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "limit")]
    pub(crate) sample: Option<u64>,
    /// Uses only the first N images.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// The attack on each model: any attack of `bal evaluate`.
    #[arg(long, value_name = "NAME")]
    pub(crate) attack: AttackName,
    /// Radii, as of `bal evaluate`, ascending: 0,0.05,0.1 or 4/255,8/255.
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    pub(crate) radius: Option<Radii>,
    #[command(flatten)]
    pub(crate) settings: AttackFlags,
    /// All evaluations: accuracies and surviving images of each model on the images of each. For each of these files, - is
    /// standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser(), help_heading = "Files to write")]
    pub(crate) json: Option<PathBuf>,
    /// The tables as Markdown.
    #[arg(long, value_name = "FILE", value_parser = output::parser(), help_heading = "Files to write")]
    pub(crate) markdown: Option<PathBuf>,
    /// The seed of random starts and of --sample.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

impl Transfer {
    pub(crate) fn request(&self) -> Result<TransferRequest> {
        let Self { dataset, sample, limit, .. } = self.clone();
        let ensemble_gradient = self.settings.ensemble_gradient;
        let model = |path: &PathBuf| ModelSource { ensemble_gradient, ..ModelSource::at(path) };
        let attack = self.attack.with(&self.settings.settings()).map_err(|error| usage(error.to_string()))?;
        Ok(TransferRequest {
            images: ImageSelection { dataset, split: Split::Test, sample, limit },
            radii: self.radius.clone(),
            json: self.json.clone(),
            markdown: self.markdown.clone(),
            seed: self.seed,
            ..TransferRequest::new(self.models.iter().map(model).collect(), attack)
        })
    }
}
