//! The model of a command.

use crate::args::usage;
use anyhow::Result;
use bal::{ModelFiles, ModelSource, Saved};
use bal_core::{EnsembleGradient, Prediction};
use bal_data::own::{Gray, Ground};
use clap::Args;
use std::path::PathBuf;

/// A run, weight files, or models that PyTorch saved.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ModelFlags {
    /// A run folder that `bal train` wrote.
    #[arg(value_name = "RUN", required_unless_present_any = ["weights", "saved"],
        conflicts_with_all = ["weights", "saved"])]
    pub(crate) run: Option<PathBuf>,
    /// Weight files in safetensors, instead of a run; several files of one network form an ensemble.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "saved")]
    pub(crate) weights: Vec<PathBuf>,
    /// The network of the weights, if the file does not name it: cnn, cnn-wide, stn, mlp-256-256, resnet-frn-20, tramer-a.
    #[arg(long, value_name = "NAME", requires = "weights", conflicts_with_all = ["run", "saved"])]
    pub(crate) architecture: Option<String>,
    /// Uses only these members of a posterior, counted from 0: 2, or 0,2,4 [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "saved")]
    pub(crate) members: Vec<usize>,
    #[command(flatten)]
    pub(crate) script: Script,
    /// A file with one class name per line, in the order of the network's outputs; for your own images, if the model file
    /// has no class names [default: the sorted class names of the images].
    #[arg(long, value_name = "FILE", conflicts_with = "run")]
    pub(crate) class_names: Option<PathBuf>,
    /// Conversion of your own images to gray: mean of R, G and B, or luma, as in Pillow and torchvision. A run stores it
    /// [default: mean].
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    pub(crate) gray: Option<Gray>,
    /// Background of your own transparent images: white or black. A run stores it [default: white].
    #[arg(long, value_name = "NAME", conflicts_with = "run")]
    pub(crate) ground: Option<Ground>,
    /// How members predict together: mean-probability or mean-logits, or the last-member alone [default: from the weight
    /// file].
    #[arg(long, value_name = "NAME")]
    pub(crate) prediction: Option<Prediction>,
}

impl ModelFlags {
    /// The model; `gradient` is what attacks follow, where that was said.
    ///
    /// # Errors
    /// Where none is named.
    pub(crate) fn source(&self, gradient: Option<EnsembleGradient>) -> Result<ModelSource> {
        let files = if let Some(run) = &self.run {
            ModelFiles::Run(run.clone())
        } else if !self.script.torchscript.is_empty() {
            ModelFiles::TorchScript(self.script.saved(&self.script.torchscript))
        } else if !self.script.pt2.is_empty() {
            ModelFiles::Exported(self.script.saved(&self.script.pt2))
        } else if self.weights.is_empty() {
            return Err(usage("a RUN, --weights, --pt2 or --torchscript is needed"));
        } else {
            ModelFiles::Weights { files: self.weights.clone(), architecture: self.architecture.clone() }
        };
        Ok(ModelSource {
            files,
            members: self.members.clone(),
            class_names: self.class_names.clone(),
            gray: self.gray,
            ground: self.ground,
            prediction: self.prediction,
            ensemble_gradient: gradient,
        })
    }
}

/// A model that PyTorch saved.
///
/// The flags beside the files conflict with a run and weights in so many words: clap does not insist on a
/// requirement that a conflict rules out.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Script {
    /// Models that torch.export.save wrote (.pt2), instead of a run; several files form an ensemble.
    #[arg(long, value_name = "FILE", num_args = 1.., group = "saved")]
    pub(crate) pt2: Vec<PathBuf>,
    /// TorchScript models, instead of a run; several files form an ensemble. A TorchScript file is a program: load only
    /// files that you trust.
    #[arg(long, value_name = "FILE", num_args = 1.., group = "saved")]
    pub(crate) torchscript: Vec<PathBuf>,
    /// The image shape of the model: C,H,W [default: from the data set].
    #[arg(long, value_name = "C,H,W", requires = "saved", conflicts_with_all = ["run", "weights"], value_parser = input_shape,
        allow_hyphen_values = true)]
    pub(crate) input_shape: Option<[i64; 3]>,
    /// The number of classes [default: the number of logits].
    #[arg(long, value_name = "N", requires = "saved", conflicts_with_all = ["run", "weights"], value_parser = clap::value_parser!(i64).range(2..))]
    pub(crate) classes: Option<i64>,
    /// Mean that is subtracted from pixels in [0, 1]: one number, or one per channel [default: 0].
    #[arg(
        long,
        value_name = "LIST",
        requires = "saved", conflicts_with_all = ["run", "weights"],
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) mean: Vec<f64>,
    /// Standard deviation that divides the pixels after that: one number, or one per channel [default: 1].
    #[arg(
        long,
        value_name = "LIST",
        requires = "saved", conflicts_with_all = ["run", "weights"],
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) std: Vec<f64>,
}

impl Script {
    fn saved(&self, files: &[PathBuf]) -> Saved {
        Saved {
            files: files.to_vec(),
            input_shape: self.input_shape,
            classes: self.classes,
            mean: self.mean.clone(),
            std: self.std.clone(),
        }
    }
}

fn input_shape(text: &str) -> Result<[i64; 3], String> {
    let sizes: Option<Vec<i64>> =
        text.split(',').map(|size| size.trim().parse().ok().filter(|&size| size > 0)).collect();
    let sizes = sizes.and_then(|sizes| <[i64; 3]>::try_from(sizes).ok());
    sizes.ok_or_else(|| "expected channels, height and width, such as 1,28,28".into())
}
