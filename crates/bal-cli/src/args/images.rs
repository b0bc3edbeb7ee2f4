//! Which images a command is about.

use bal::{ImageSelection, Split};
use clap::Args;

/// Images of a data set: those to test on, unless others are asked for.
#[derive(Clone, Debug, Args)]
pub(crate) struct ImageFlags {
    /// The data set whose test images are taken: mnist, fashion-mnist, gtsrb, gtsrb-paper, or a folder or table of images
    /// of your own [default: the run's, else mnist].
    #[arg(long, value_name = "SET|DIR")]
    pub(crate) dataset: Option<String>,
    /// Takes the training images that the run held out, instead of the test images: to choose settings by.
    #[arg(long, requires = "run", conflicts_with_all = ["weights", "torchscript"])]
    pub(crate) held_out: bool,
    /// Takes the images that the run was trained on, instead of those to test on. Without it no training image of the run is
    /// among images of your own, wherever they lie.
    #[arg(long, requires = "run", conflicts_with_all = ["held_out", "weights", "torchscript"])]
    pub(crate) training_images: bool,
    /// So many images drawn at random by the seed, for data sets in the order of their classes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "limit")]
    pub(crate) sample: Option<u64>,
    /// Only the first so many images.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
}

impl ImageFlags {
    pub(crate) fn selection(&self) -> ImageSelection {
        let split = match (self.held_out, self.training_images) {
            (true, _) => Split::HeldOut,
            (_, true) => Split::Train,
            _ => Split::Test,
        };
        ImageSelection { dataset: self.dataset.clone(), split, sample: self.sample, limit: self.limit }
    }
}
