//! Images of the user's own: how they are read, as an experiment says it.

mod memory;

use crate::{Note, Session, published};
use anyhow::{Context, Result, bail};
use bal_data::{
    DataError, Share,
    own::{self, BadFiles, Gray, Ground, Labelled, Layout, Own, OwnSettings, Report},
};
use bal_models::Sizes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, path::Path};

/// `[images]` of an experiment: its data set is then a folder or a table of images.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// How the folder holds its images: `folders`, `idx` or `csv`; absent, what is found there.
    #[schemars(with = "Option<String>")]
    pub layout: Option<Layout>,
    /// Height and width, in pixels, that images are resized to; absent, those of the images.
    pub size: Option<[usize; 2]>,
    /// Channels: 1 makes images gray, 3 coloured; absent, those of the images.
    pub channels: Option<usize>,
    /// How colours become gray: the `mean` of R, G and B, or `luma` as Pillow and torchvision compute it.
    ///
    /// Records of before it could be chosen lack it; they have the mean.
    #[serde(default)]
    #[schemars(with = "String")]
    pub gray: Gray,
    /// Colour behind transparent images: `white` or `black`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub ground: Ground,
    /// Names of the classes, in the order of their numbers; absent, those that are found.
    pub classes: Option<Vec<String>>,
    /// Whether files that cannot be used stop the command (`refuse`) or are left out (`skip`).
    #[schemars(with = "String")]
    pub bad_files: BadFiles,
    /// Share of the images to test on, where the data come without a split.
    pub test_share: f64,
    /// Number that decides, with each file's content, which images these are.
    pub split_seed: u64,
}

/// Where the data say nothing, every fifth image is tested on.
const TEST_SHARE: f64 = 0.2;

impl Default for ImageSettings {
    /// Images as they are; where the data say nothing, every fifth image is tested on.
    fn default() -> Self {
        Self {
            layout: None,
            size: None,
            channels: None,
            gray: Gray::default(),
            ground: Ground::default(),
            classes: None,
            bad_files: BadFiles::Refuse,
            test_share: TEST_SHARE,
            split_seed: 0,
        }
    }
}

impl ImageSettings {
    /// As images have to be for a network of these sizes.
    pub(crate) fn for_network(sizes: Sizes) -> Self {
        let [channels, height, width] = sizes.input.map(|size| size as usize);
        Self { size: Some([height, width]), channels: Some(channels), ..Self::default() }
    }

    /// Reads the images at `path`; what was said of them by the caller is not said again.
    pub(crate) fn load(&self, path: &str) -> Result<Own, DataError> {
        memory::load(path, self, || own::load(Path::new(path), &self.settings()))
    }

    /// Keeps what was read for the next who asks for it.
    pub(crate) fn keep(&self, path: &str, own: Own) {
        memory::keep(path, self, own);
    }

    /// SHA-256 of the parts, without reading them again where they were.
    pub(crate) fn digests(&self, path: &str) -> Result<BTreeMap<String, String>, DataError> {
        match memory::digests(path, self) {
            Some(digests) => Ok(digests),
            None => self.load(path).map(|own| own.dataset.digests),
        }
    }

    /// Reads the images at `path` to test on, labels being places among `classes` where that is given.
    pub(crate) fn load_labelled(
        &self,
        path: &str,
        classes: Option<&[String]>,
    ) -> Result<Labelled, DataError> {
        let mut settings = self.settings();
        settings.classes = classes.map(<[String]>::to_vec).or(settings.classes);
        own::load_labelled(Path::new(path), &settings)
    }

    fn settings(&self) -> OwnSettings {
        OwnSettings {
            layout: self.layout,
            classes: self.classes.clone(),
            size: self.size.map(|[height, width]| (height, width)),
            channels: self.channels,
            gray: self.gray,
            ground: self.ground,
            bad_files: self.bad_files,
            test_share: Share::Fraction(self.test_share),
            seed: self.split_seed,
        }
    }
}

/// The data set `name`, and if it is the user's own, how it is read: by `settings`.
///
/// # Errors
/// When there is none.
pub fn named(name: &str, settings: &ImageSettings) -> Result<(String, Option<ImageSettings>)> {
    if published::is_known(name) {
        return Ok((name.into(), None));
    }
    Ok((place(name)?, Some(settings.clone())))
}

/// The place that a user means by `name`, which is no data set that the program knows: a folder or a table.
pub(crate) fn place(name: &str) -> Result<String> {
    if !Path::new(name).exists() {
        bail!(
            "there is no data set {name}: it is none of {}, and no folder or table of images is there",
            published::known_names()
        );
    }
    // A run is found again from any folder.
    let path = std::fs::canonicalize(name).with_context(|| format!("cannot read {name}"))?;
    let text = path.to_str().map(String::from);
    text.with_context(|| format!("{}: the path is not valid UTF-8; rename it", path.display()))
}

/// Says how images were read that are to train on, in full, once.
pub(crate) fn tell(report: &Report, session: &Session) {
    if memory::is_news(&report.path) {
        session.observer().note(&Note::news(report.to_string()));
    }
}

/// Says of images that are to test on what was done to them and what is odd about them, once; nothing where that is nothing.
pub(crate) fn remark(report: &Report, session: &Session) {
    if !memory::is_news(&report.path) {
        return;
    }
    let path = report.path.display();
    if let Some(note) = report.note() {
        session.observer().note(&Note::remark(format!("{path}: {note}")));
    }
    for warning in report.warnings() {
        session.observer().note(&Note::warning(format!("{path}: {warning}")));
    }
}
