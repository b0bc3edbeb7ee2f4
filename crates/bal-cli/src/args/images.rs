//! The images of a command.

use bal::{ImageSelection, Split};
use clap::Args;

/// Images of a data set; by default the test images.
#[derive(Clone, Debug, Args)]
pub(crate) struct ImageFlags {
    /// The data set whose test images are used: mnist, fashion-mnist, gtsrb, gtsrb-paper, gtsrb-colour, cifar-10,
    /// cifar-100, or a folder or table of your own images [default: the data set of the run, else mnist].
    #[arg(long, value_name = "SET|DIR")]
    pub(crate) dataset: Option<String>,
    /// Uses the training images that the run held out, instead of the test images: to choose settings.
    #[arg(long, requires = "run", conflicts_with_all = ["weights", "saved"])]
    pub(crate) held_out: bool,
    /// Uses the images that the run was trained on, instead of the test images. Without this flag, training images are
    /// removed from your own images, in any folder.
    #[arg(long, requires = "run", conflicts_with_all = ["held_out", "weights", "saved"])]
    pub(crate) training_images: bool,
    /// Draws N images at random by the seed, for data sets that are sorted by class.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "limit")]
    pub(crate) sample: Option<u64>,
    /// Uses only the first N images.
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
