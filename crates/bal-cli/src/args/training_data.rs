//! Which data set to train on, and how images of the user's own are read.

use crate::args::usage;
use anyhow::Result;
use bal::ImageSettings;
use bal_data::own::{self, BadFiles, Gray, Ground, Layout};
use clap::Args;
use std::path::PathBuf;

/// What to train on, instead of the experiment's data set.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub(crate) struct TrainingDataFlags {
    /// Trains on this data set instead of the experiment's: mnist, fashion-mnist, gtsrb, gtsrb-paper, or images of your
    /// own: a folder with a folder per class, or with IDX files, or a table `path,label`. All training images are used.
    /// docs/own-data.md says which files and layouts are read.
    #[arg(long, value_name = "SET|DIR")]
    pub(crate) dataset: Option<String>,
    /// Resizes images of your own to this height and width [default: as they are].
    #[arg(long, value_name = "H,W", requires = "dataset", value_parser = size)]
    pub(crate) image_size: Option<[usize; 2]>,
    /// Makes images of your own gray (1) or coloured (3) [default: as they are].
    #[arg(long, value_name = "1|3", requires = "dataset")]
    pub(crate) channels: Option<usize>,
    /// How colours of your own become gray: mean of R, G and B, or luma, as Pillow and torchvision have it [default: mean].
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub(crate) gray: Option<Gray>,
    /// What is behind transparent images of your own: white or black [default: white].
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub(crate) ground: Option<Ground>,
    /// A file with the names of the classes of your own, one a line, in the order of the network's outputs [default: a file
    /// classes.txt beside their folders, else by number if all are whole numbers, else as text].
    #[arg(long, value_name = "FILE", requires = "dataset")]
    pub(crate) class_names: Option<PathBuf>,
    /// Leaves out files of your own that cannot be used, and lists them, instead of refusing the data set.
    #[arg(long, requires = "dataset")]
    pub(crate) skip_bad_files: bool,
    /// The share of images of your own to test on, where they come without a split [default: 0.2].
    #[arg(long, value_name = "SHARE", requires = "dataset")]
    pub(crate) test_share: Option<f64>,
    /// Which of them those are [default: 0].
    #[arg(long, value_name = "N", requires = "dataset")]
    pub(crate) split_seed: Option<u64>,
    /// What the folder holds, where it could be several: folders, idx, csv.
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub(crate) layout: Option<Layout>,
}

impl TrainingDataFlags {
    /// The data set that `--dataset` names, and how it is read if it is the user's own; `None` without the flag.
    pub(crate) fn named(&self) -> Result<Option<(String, Option<ImageSettings>)>> {
        let Some(name) = &self.dataset else { return Ok(None) };
        if !bal::is_known_dataset(name) {
            return Ok(Some(bal::images_named(name, &self.settings()?)?));
        }
        let plain = Self { dataset: self.dataset.clone(), ..Self::default() };
        if *self == plain {
            return Ok(Some((name.clone(), None)));
        }
        Err(usage(format!("{name} is read in one way; how to read images is said of your own only")))
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
