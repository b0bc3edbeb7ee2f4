//! The flags of `bal export`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The data set: mnist, fashion-mnist, gtsrb, gtsrb-paper, cifar-10, cifar-100.
    #[arg(value_name = "SET")]
    pub(crate) dataset: String,
    /// The folder to write, which must not exist: train/CLASS/N.png and test/CLASS/N.png.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Writes only the first N training images and the first N test images.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// The folder of the data sets [default: `$BAL_DATA`, else datasets/].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}
