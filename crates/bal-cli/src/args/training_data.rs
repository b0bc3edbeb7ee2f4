//! The training data, and how the user's own images are read.

use crate::args::usage;
use anyhow::Result;
use bal::{ImageSettings, TableSettings};
use bal_data::own::{self, BadFiles, Gray, Ground, Layout};
use clap::Args;
use std::path::PathBuf;

/// The training data, instead of the experiment's data set.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(crate) struct TrainingDataFlags {
    /// Trains on this data set instead of the experiment's: mnist, fashion-mnist, gtsrb, gtsrb-paper, gtsrb-colour,
    /// cifar-10, cifar-100, or your own images: a folder with one subfolder per class or with IDX files, or a table `path,label`. All training images are used.
    /// docs/own-data.md describes files and layouts.
    #[arg(long, value_name = "SET|DIR")]
    pub(crate) dataset: Option<String>,
    /// Resizes your own images to this height and width [default: no resizing].
    #[arg(long, value_name = "H,W", requires = "dataset", value_parser = size)]
    pub(crate) image_size: Option<[usize; 2]>,
    /// Converts your own images to gray (1) or RGB (3) [default: no conversion].
    #[arg(long, value_name = "1|3", requires = "dataset")]
    pub(crate) channels: Option<usize>,
    /// Conversion of your own images to gray: mean of R, G and B, or luma, as in Pillow and torchvision [default: mean].
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub(crate) gray: Option<Gray>,
    /// Background of your own transparent images: white or black [default: white].
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub(crate) ground: Option<Ground>,
    /// A file with one class name per line, in the order of the network's outputs, for your own images [default: a file
    /// classes.txt beside the class folders, else sorted: as numbers if all names are whole numbers, else as text].
    #[arg(long, value_name = "FILE", requires = "dataset")]
    pub(crate) class_names: Option<PathBuf>,
    /// Skips and lists unusable files of your own images, instead of refusing the data set.
    #[arg(long, requires = "dataset")]
    pub(crate) skip_bad_files: bool,
    /// The share of test images, if your own images have no split [default: 0.2], or of test rows [default: 0.1].
    #[arg(long, value_name = "SHARE", requires = "dataset")]
    pub(crate) test_share: Option<f64>,
    /// The seed that selects these test images or rows [default: 0].
    #[arg(long, value_name = "N", requires = "dataset")]
    pub(crate) split_seed: Option<u64>,
    /// Trains on a table of numbers (CSV with a header), and predicts this column of it.
    #[arg(long, value_name = "COLUMN", requires = "dataset", conflicts_with_all = ["image_size", "channels", "gray", "ground",
        "class_names", "skip_bad_files", "layout"])]
    pub(crate) target: Option<String>,
    /// Leaves these columns of the table out.
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "target")]
    pub(crate) ignore: Vec<String>,
    /// The layout of the folder, if several fit: folders, idx, csv.
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub(crate) layout: Option<Layout>,
}

impl TrainingDataFlags {
    /// The data set of `--dataset`, with the image settings for the user's own images; `None` without the flag.
    pub(crate) fn named(&self) -> Result<Option<(String, Option<ImageSettings>)>> {
        let Some(name) = self.dataset.as_ref().filter(|_| self.target.is_none()) else { return Ok(None) };
        if !bal::is_known_dataset(name) {
            return Ok(Some(bal::images_named(name, &self.settings()?)?));
        }
        let plain = Self { dataset: self.dataset.clone(), ..Self::default() };
        if *self == plain {
            return Ok(Some((name.clone(), None)));
        }
        Err(usage(format!("{name} is read in one way; how to read images is said of your own only")))
    }

    /// The table of `--dataset`, where `--target` says that it is one.
    pub(crate) fn table(&self) -> Option<(String, TableSettings)> {
        let (table, usual) = (self.dataset.clone()?, TableSettings::new(self.target.as_deref()?));
        let settings = TableSettings {
            ignore: self.ignore.clone(),
            test_share: self.test_share.unwrap_or(usual.test_share),
            split_seed: self.split_seed.unwrap_or(usual.split_seed),
            ..usual
        };
        Some((table, settings))
    }

    fn settings(&self) -> Result<ImageSettings> {
        let usual = ImageSettings::default();
        Ok(ImageSettings {
            layout: self.layout,
            size: self.image_size,
            channels: self.channels,
            gray: self.gray.unwrap_or_default(),
            ground: self.ground.unwrap_or_default(),
            classes: self.class_names.as_deref().map(own::read_class_names).transpose()?,
            bad_files: if self.skip_bad_files { BadFiles::Skip } else { BadFiles::Refuse },
            test_share: self.test_share.unwrap_or(usual.test_share),
            split_seed: self.split_seed.unwrap_or(usual.split_seed),
        })
    }
}

fn size(text: &str) -> Result<[usize; 2], String> {
    let sides: Option<Vec<usize>> = text.split(',').map(|side| side.trim().parse().ok()).collect();
    let sides = sides.and_then(|sides| <[usize; 2]>::try_from(sides).ok());
    sides.ok_or_else(|| "expected height and width, such as 32,32".into())
}
