//! Which images are for training and which for testing: as given, else drawn by what each of them is.

use std::collections::BTreeMap;

use super::OwnSettings;
use super::listing::{Entry, Side};
use super::name;
use super::remedy::{Refusal, Remedy};
use crate::digest::Hasher;
use crate::{Digest, Share};

/// Refuses, with the reason, images that cannot be divided: a class without images, or without those it needs.
///
/// Needs no file to be opened, so that what cannot work ends early.
pub(super) fn check(entries: &[Entry], classes: &[String], settings: &OwnSettings) -> Result<(), Refusal> {
    let mut counts = vec![0_usize; classes.len()];
    let mut trained = vec![false; classes.len()];
    for entry in entries {
        counts[usize::from(entry.label)] += 1;
        trained[usize::from(entry.label)] |= entry.side == Some(Side::Train);
    }
    let called = |label: usize| name::shown(&classes[label]);
    if let Some(empty) = counts.iter().position(|&count| count == 0) {
        return Err(format!("class {} has no image that can be used", called(empty)).into());
    }
    if entries.iter().any(|entry| entry.side.is_some()) {
        if let Some(missing) = trained.iter().position(|trained| !trained) {
            return Err(format!("class {} has no training image", called(missing)).into());
        }
        if !entries.iter().any(|entry| entry.side == Some(Side::Test)) {
            return Err("there is no test image; give some, or leave the split out to have one drawn"
                .to_owned()
                .into());
        }
        return Ok(());
    }
    if let Some(single) = counts.iter().position(|&count| count == 1) {
        return Err(format!(
            "class {} has one image, too few to train and test; add images or give the split",
            called(single)
        )
        .into());
    }
    let (least, images) = (counts.len(), entries.len());
    match settings.test_share {
        Share::Fraction(share) if share > 0.0 && share < 1.0 => Ok(()),
        Share::Fraction(share) => {
            Err(Remedy::TestShare.against(format!("a test share of {share} is not between 0 and 1")))
        }
        Share::Images(total) if (least..=images - least).contains(&total) => Ok(()),
        Share::Images(total) => Err(Remedy::TestShare.against(format!(
            "{total} test images of {images} are not possible: each of the {least} classes needs one on both sides, so \
             give {least} to {}",
            images - least
        ))),
    }
}

/// The side of each image, given or drawn; `identities` say what each image is: equal ones stay together.
///
/// An identity is the SHA-256 of the image's file, or of its group's name where there are groups. Of identity and `seed`
/// a number in [0, 1) is made, uniform and independent of any other image. An image is for testing if its number is
/// below the share. So no image changes sides because others come, go, or move elsewhere, but for these cases:
///
/// - A class that would have no training image keeps the one of the largest number.
/// - A class that would have no test image gets the one of the least number whose classes can spare it.
/// - Of a *number* of test images those of the least numbers are for testing, after one of each class; with groups or
///   copies it is exceeded by less than one of them for each class.
///
/// A class without images on one of the sides is thus possible only where all its images are one: refused, with its name.
pub(super) fn sides(
    entries: &[Entry],
    classes: &[String],
    identities: &[Digest],
    settings: &OwnSettings,
) -> Result<Vec<Side>, Refusal> {
    let given: Option<Vec<Side>> = entries.iter().map(|entry| entry.side).collect();
    if let Some(sides) = given {
        return Ok(sides);
    }
    let mut draw = Draw::new(entries, classes.len(), identities, settings.seed);
    match settings.test_share {
        Share::Fraction(share) => {
            draw.take(|unit, _| (unit.number as f64) < share * TWO_TO_THE_64);
            draw.one_of_each_class(classes)?;
        }
        Share::Images(count) => {
            draw.one_of_each_class(classes)?;
            draw.take(|_, taken| taken < count);
        }
    }
    Ok(draw.sides)
}

const TWO_TO_THE_64: f64 = 18_446_744_073_709_551_616.0;

/// Images that are on one side together: copies of one image, or a group.
struct Unit {
    /// Of `0..2^64`, uniform.
    number: u64,
    /// Places of its images.
    images: Vec<usize>,
    /// How many it has of each class.
    classes: BTreeMap<u16, usize>,
    tested: bool,
}

/// Units on their way to the test images.
struct Draw {
    /// By their numbers.
    units: Vec<Unit>,
    /// Training images left of each class.
    left: Vec<usize>,
    /// Test images of each class.
    tested: Vec<usize>,
    /// Images taken so far.
    taken: usize,
    sides: Vec<Side>,
}

impl Draw {
    fn new(entries: &[Entry], classes: usize, identities: &[Digest], seed: u64) -> Self {
        let mut left = vec![0; classes];
        let mut units: BTreeMap<(u64, Digest), Unit> = BTreeMap::new();
        for (at, (entry, &identity)) in entries.iter().zip(identities).enumerate() {
            let number = number(identity, seed);
            let empty = || Unit { number, images: vec![], classes: BTreeMap::new(), tested: false };
            let unit = units.entry((number, identity)).or_insert_with(empty);
            unit.images.push(at);
            *unit.classes.entry(entry.label).or_default() += 1;
            left[usize::from(entry.label)] += 1;
        }
        let (tested, sides) = (vec![0; classes], vec![Side::Train; entries.len()]);
        Self { units: units.into_values().collect(), left, tested, taken: 0, sides }
    }

    /// Tests on the units that are `wanted`, given the number of images taken before, and that can be spared.
    fn take(&mut self, wanted: impl Fn(&Unit, usize) -> bool) {
        for at in 0..self.units.len() {
            let unit = &self.units[at];
            if !unit.tested && wanted(unit, self.taken) && self.can_spare(unit) {
                self.test_on(at);
            }
        }
    }

    /// Gives every class without a test image the first unit with one.
    fn one_of_each_class(&mut self, classes: &[String]) -> Result<(), Refusal> {
        let mut of_class: Vec<Vec<usize>> = vec![vec![]; classes.len()];
        for (at, unit) in self.units.iter().enumerate() {
            unit.classes.keys().for_each(|&label| of_class[usize::from(label)].push(at));
        }
        for (label, units) in of_class.into_iter().enumerate() {
            if self.tested[label] > 0 {
                continue;
            }
            let Some(at) = units.into_iter().find(|&at| self.can_spare(&self.units[at])) else {
                let class = name::shown(&classes[label]);
                return Err(format!(
                    "class {class} cannot be on both sides of a drawn split: its images are equal, or in one group; \
                     add others, or give the split"
                )
                .into());
            };
            self.test_on(at);
        }
        Ok(())
    }

    /// Whether every class keeps a training image without this unit.
    fn can_spare(&self, unit: &Unit) -> bool {
        unit.classes.iter().all(|(&label, &count)| self.left[usize::from(label)] > count)
    }

    fn test_on(&mut self, at: usize) {
        let unit = &mut self.units[at];
        unit.tested = true;
        for (&label, &count) in &unit.classes {
            self.left[usize::from(label)] -= count;
            self.tested[usize::from(label)] += count;
        }
        for &image in &unit.images {
            self.sides[image] = Side::Test;
        }
        self.taken += unit.images.len();
    }
}

/// The number of an image, uniform in `0..2^64`: the first 8 bytes, big-endian, of the SHA-256 of a text that says what it
/// is for, the seed as 8 bytes, little-endian, and the identity.
fn number(identity: Digest, seed: u64) -> u64 {
    let mut hasher = Hasher::default();
    hasher.update(b"side of a drawn split, version 1\n");
    hasher.update(&seed.to_le_bytes());
    hasher.update(identity.bytes());
    hasher.finish().sha256.bytes().first_chunk().copied().map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests;
