//! Images of the user's own: how they are read, as an experiment says it.

use anyhow::{Context, Result, bail};
use bal_data::{
    Share,
    own::{self, BadFiles, Layout, Own, OwnSettings},
};
use bal_models::Sizes;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// `[images]` of an experiment: its data set is then a folder or a table of images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageSettings {
    /// What the folder holds; absent, what is found there.
    pub(crate) layout: Option<Layout>,
    /// Height and width that images are resized to; absent, those of the images.
    pub(crate) size: Option<[usize; 2]>,
    /// 1 or 3; absent, those of the images.
    pub(crate) channels: Option<usize>,
    /// Whether files that cannot be used are refused or skipped.
    pub(crate) bad_files: BadFiles,
    /// The share of images to test on, where the data come without a split.
    pub(crate) test_share: f64,
    /// Which images those are.
    pub(crate) split_seed: u64,
}

/// Where the data say nothing, every fifth image is tested on.
pub(crate) const TEST_SHARE: f64 = 0.2;

impl ImageSettings {
    /// As images have to be for a network of these sizes.
    pub(crate) fn for_network(sizes: Sizes) -> Self {
        let [channels, height, width] = sizes.input.map(|size| size as usize);
        Self {
            layout: None,
            size: Some([height, width]),
            channels: Some(channels),
            bad_files: BadFiles::Refuse,
            test_share: TEST_SHARE,
            split_seed: 0,
        }
    }

    /// Reads the images at `path`.
    pub(crate) fn load(&self, path: &str) -> Result<Own> {
        let settings = OwnSettings {
            layout: self.layout,
            size: self.size.map(|[height, width]| (height, width)),
            channels: self.channels,
            bad_files: self.bad_files,
            test_share: Share::Fraction(self.test_share),
            seed: self.split_seed,
        };
        Ok(own::load(Path::new(path), &settings)?)
    }
}

/// The place that a user means by `name`, which is no data set that the program knows: a folder or a table.
pub(crate) fn place(name: &str) -> Result<String> {
    let known = "mnist, fashion-mnist, gtsrb, gtsrb-paper";
    if !Path::new(name).exists() {
        bail!(
            "there is no data set {name}: it is none of {known}, and no folder or table of images is there"
        );
    }
    // A run is found again from any folder.
    let path = std::fs::canonicalize(name).with_context(|| format!("cannot read {name}"))?;
    let text = path.to_str().map(String::from);
    text.with_context(|| format!("{}: the path is not valid UTF-8; rename it", path.display()))
}
