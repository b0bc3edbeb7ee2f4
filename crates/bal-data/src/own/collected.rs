//! What all layouts end in: images, and what is known of each, to be divided and pinned.

use std::collections::BTreeMap;

use super::bad::Skipped;
use super::classes::Classes;
use super::conversion::Conversion;
use super::equal::Equal;
use super::layout::Place;
use super::listing::{Entry, Side};
use super::preprocessing::Preprocessing;
use super::report::{Report, SplitOrigin};
use super::{Labelled, Own, OwnSettings, divide, fingerprint};
use crate::{DataError, Dataset, Digest, Split};

/// All images of a data set.
pub(super) struct Collected {
    /// Images of all parts together.
    pub(super) all: Split,
    /// Where each came from.
    pub(super) entries: Vec<Entry>,
    pub(super) classes: Classes,
    /// What each is, for the split; not asked for where that is given.
    pub(super) identities: Vec<Digest>,
    /// The digest of each image's pixels.
    pub(super) pixels: Vec<Digest>,
    pub(super) preprocessing: Preprocessing,
    pub(super) conversions: BTreeMap<Conversion, usize>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) ignored: Vec<String>,
    pub(super) remarks: Vec<String>,
    /// SHA-256 of whole files, by name.
    pub(super) files: BTreeMap<String, String>,
}

impl Collected {
    /// Divides the images and makes the digests.
    pub(super) fn finish(self, place: &Place, settings: &OwnSettings) -> Result<Own, DataError> {
        let path = place.path();
        let sides = divide::sides(&self.entries, self.classes.names(), &self.identities, settings)
            .map_err(|refusal| DataError::own(path, refusal))?;
        let origin = match self.entries.first().and_then(|entry| entry.side) {
            Some(_) => SplitOrigin::Given,
            None => SplitOrigin::Drawn { seed: settings.seed, grouped: self.all.groups.is_some() },
        };
        let mut digests = self.files.clone();
        let mut part = |side: Side, name: &str| {
            let indices: Vec<usize> = (0..sides.len()).filter(|&at| sides[at] == side).collect();
            if indices.is_empty() {
                return None;
            }
            let part = self.all.select(&indices);
            digests.insert(name.to_owned(), self.digest(&part, &indices));
            Some(part)
        };
        let none = || self.all.select(&[]);
        let train = part(Side::Train, "train").unwrap_or_else(none);
        let held_out = part(Side::HeldOut, "held-out");
        let test = part(Side::Test, "test").unwrap_or_else(none);
        let report = self.report(place, origin, &sides);
        let name = place.name();
        let classes = self.classes.names().to_vec();
        let dataset = Dataset { name, classes: classes.len(), train, held_out, test, digests };
        Ok(Own { dataset, classes, preprocessing: self.preprocessing, report })
    }

    /// All images, to test on.
    pub(super) fn labelled(self, place: &Place) -> Labelled {
        let all: Vec<usize> = (0..self.entries.len()).collect();
        let origin = match self.entries.first().and_then(|entry| entry.side) {
            Some(_) => SplitOrigin::Given,
            None => SplitOrigin::Absent,
        };
        let sides = vec![Side::Test; self.entries.len()];
        Labelled {
            name: place.name(),
            digest: self.digest(&self.all, &all),
            report: self.report(place, origin, &sides),
            classes: self.classes.names().to_vec(),
            preprocessing: self.preprocessing,
            images: self.all,
        }
    }

    fn digest(&self, part: &Split, indices: &[usize]) -> String {
        let names = indices.iter().map(|&at| self.entries[at].name.as_str());
        fingerprint::of(part, names, self.classes.names()).to_string()
    }

    fn report(&self, place: &Place, split: SplitOrigin, sides: &[Side]) -> Report {
        let labels = &self.all.labels;
        let counts = |side: Side| {
            let mut counts = vec![0; self.classes.names().len()];
            let of_side = labels.iter().zip(sides).filter(|(_, of)| **of == side);
            of_side.for_each(|(&label, _)| counts[usize::from(label)] += 1);
            counts
        };
        Report {
            path: place.path().to_owned(),
            layout: place.layout(),
            split,
            classes: self.classes.names().to_vec(),
            order: self.classes.order,
            train: counts(Side::Train),
            held_out: counts(Side::HeldOut),
            test: counts(Side::Test),
            image_shape: self.preprocessing.image_shape(),
            conversions: self.conversions.clone(),
            equal: Equal::of(&self.pixels, labels, sides),
            skipped: self.skipped.clone(),
            ignored: self.ignored.clone(),
            remarks: self.remarks.clone(),
        }
    }
}
