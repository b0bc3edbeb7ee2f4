//! The flags of `bal predict`.

use crate::args::Machine;
use bal::ModelSource;
use bal_core::Prediction;
use bal_data::own::{Gray, Ground};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// A run folder that `bal train` wrote, or a file of weights (.safetensors) that names its network.
    #[arg(value_name = "RUN")]
    pub(crate) model: PathBuf,
    /// Images (PNG, JPEG, BMP, GIF, TIFF, WebP, PPM, PGM, PBM), folders of them, or - for their paths on standard input, one
    /// a line.
    #[arg(value_name = "IMAGE|DIR|-", required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// One JSON object per image and line, with the probability of every class, instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Gives no label where the predictive entropy exceeds this, in nats: 0 for a sure prediction, log(classes) for none.
    #[arg(long, value_name = "X", value_parser = entropy, allow_hyphen_values = true)]
    pub(crate) abstain_above: Option<f64>,
    /// How colours become gray: mean of R, G and B, or luma, as Pillow and torchvision have it [default: the run's, else
    /// mean].
    #[arg(long, value_name = "NAME")]
    pub(crate) gray: Option<Gray>,
    /// What is behind transparent images: white or black [default: the run's, else white].
    #[arg(long, value_name = "NAME")]
    pub(crate) ground: Option<Ground>,
    /// Names files that cannot be used on standard error and goes on, instead of ending there.
    #[arg(long)]
    pub(crate) skip_bad_files: bool,
    /// Only these members of the posterior, counted from 0: 2, or 0,2,4 [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) members: Vec<usize>,
    /// How members predict: mean-probability or mean-logits, together, or the last-member alone [default: as the
    /// weights say].
    #[arg(long, value_name = "NAME")]
    pub(crate) prediction: Option<Prediction>,
    #[command(flatten)]
    pub(crate) machine: Machine,
}

impl Predict {
    /// The model, and how images are read for it.
    pub(crate) fn source(&self) -> ModelSource {
        ModelSource {
            members: self.members.clone(),
            prediction: self.prediction,
            gray: self.gray,
            ground: self.ground,
            ..ModelSource::at(&self.model)
        }
    }
}

fn entropy(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|x| x.is_finite() && *x >= 0.0);
    number.ok_or_else(|| "expected an entropy in nats, 0 or more".into())
}
