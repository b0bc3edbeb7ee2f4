//! The flags of `bal predict`.

use crate::args::Machine;
use bal::ModelSource;
use bal_core::Prediction;
use bal_data::own::{Gray, Ground};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// A run folder that `bal train` wrote, or a weight file (.safetensors) that names its network.
    #[arg(value_name = "RUN")]
    pub(crate) model: PathBuf,
    /// Images (PNG, JPEG, BMP, GIF, TIFF, WebP, PPM, PGM, PBM), folders of images, or - for paths on standard input,
    /// one per line. Of a run on a table: tables with its columns.
    #[arg(value_name = "IMAGE|DIR|-", required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// Prints one JSON object per image, with the probability of every class, instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Gives no label if the predictive entropy exceeds X nats. The entropy is 0 for a certain prediction, and at most
    /// log(classes).
    #[arg(long, value_name = "X", value_parser = entropy, allow_hyphen_values = true)]
    pub(crate) abstain_above: Option<f64>,
    /// Conversion to gray: mean of R, G and B, or luma, as in Pillow and torchvision [default: from the run, else mean].
    #[arg(long, value_name = "NAME")]
    pub(crate) gray: Option<Gray>,
    /// Background of transparent images: white or black [default: from the run, else white].
    #[arg(long, value_name = "NAME")]
    pub(crate) ground: Option<Ground>,
    /// Reports unusable files on standard error and continues, instead of ending with an error.
    #[arg(long)]
    pub(crate) skip_bad_files: bool,
    /// Uses only these members of the posterior, counted from 0: 2, or 0,2,4 [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) members: Vec<usize>,
    /// How members predict together: mean-probability or mean-logits, or the last-member alone [default: from the weight
    /// file].
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
