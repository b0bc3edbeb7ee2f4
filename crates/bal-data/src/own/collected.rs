//! What all layouts end in: images, and what is known of each, to be divided and pinned.

use std::collections::BTreeMap;

use super::bad::Skipped;
use super::conversion::Conversion;
use super::layout::Place;
use super::listing::{Entry, Side};
use super::preprocessing::Preprocessing;
use super::report::{Report, SplitOrigin};
use super::{Own, OwnSettings, divide, fingerprint};
use crate::{DataError, Dataset, Split};

/// All images of a data set.
pub(super) struct Collected {
    /// Training and test images together.
    pub(super) all: Split,
    /// Where each came from.
    pub(super) entries: Vec<Entry>,
    pub(super) classes: Vec<String>,
    pub(super) preprocessing: Preprocessing,
    pub(super) conversions: BTreeMap<Conversion, usize>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) ignored: Vec<String>,
    /// SHA-256 of whole files, by name.
    pub(super) files: BTreeMap<String, String>,
}

impl Collected {
    /// Divides the images and makes the digests.
    pub(super) fn finish(self, place: &Place, settings: &OwnSettings) -> Result<Own, DataError> {
        let Self { all, entries, classes, preprocessing, conversions, skipped, ignored, files } = self;
        let path = place.path();
        let sides =
            divide::sides(&entries, &classes, settings).map_err(|reason| DataError::own(path, reason))?;
        let origin = match entries.first().and_then(|entry| entry.side) {
            Some(_) => SplitOrigin::Given,
            None => SplitOrigin::Drawn { seed: settings.seed, grouped: all.groups.is_some() },
        };
        let mut digests = files;
        let mut part = |side: Side, name: &str| {
            let indices: Vec<usize> = (0..sides.len()).filter(|&at| sides[at] == side).collect();
            let names = indices.iter().map(|&at| entries[at].name.as_str());
            let part = all.select(&indices);
            digests.insert(name.to_owned(), fingerprint::of(&part, names, &classes).to_string());
            part
        };
        let (train, test) = (part(Side::Train, "train"), part(Side::Test, "test"));
        let report = Report {
            path: path.to_owned(),
            layout: place.layout(),
            split: origin,
            train: train.counts(classes.len()),
            test: test.counts(classes.len()),
            image_shape: preprocessing.image_shape(),
            conversions,
            skipped,
            ignored,
        };
        let named = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let name = named.file_stem().filter(|_| named.is_file()).or(named.file_name()).unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let dataset = Dataset { name, classes: classes.len(), train, test, digests };
        Ok(Own { dataset, classes, preprocessing, report })
    }
}
