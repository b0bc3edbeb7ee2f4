//! Which images are for training and which for testing: as given, else drawn by class and by whole groups.

use std::collections::BTreeMap;

use super::OwnSettings;
use super::listing::{Entry, Side};
use crate::Share;
use crate::shuffle::{Purpose, permutation};

/// The side of each image; refused, with the reason, where a class would be missing from one that needs it.
///
/// Drawn sides are a function of labels, groups, `test_share` and `seed` alone:
///
/// 1. The number of test images is the share of all, rounded, and at least one of each class. Each class gets its share
///    of them by largest remainders, at least one and fewer than it has.
/// 2. Groups (single images, where there are none) come in random order. One is for testing if at least half of its
///    images are still wanted there and every class keeps a training image.
/// 3. A class that is then without test image gets the first group that leaves every class a training image.
///
/// Without groups the number of test images is thus exact; with them it differs by about half a group per class.
pub(super) fn sides(
    entries: &[Entry],
    classes: &[String],
    settings: &OwnSettings,
) -> Result<Vec<Side>, String> {
    let mut counts = vec![0; classes.len()];
    for entry in entries {
        counts[usize::from(entry.label)] += 1;
    }
    if let Some(empty) = counts.iter().position(|&count| count == 0) {
        return Err(format!("class {:?} has no image that can be used", classes[empty]));
    }
    let given: Option<Vec<Side>> = entries.iter().map(|entry| entry.side).collect();
    if let Some(sides) = given {
        let trained = |label: usize| {
            entries.iter().any(|entry| usize::from(entry.label) == label && entry.side == Some(Side::Train))
        };
        if let Some(missing) = (0..classes.len()).find(|&label| !trained(label)) {
            return Err(format!("class {:?} has no training image", classes[missing]));
        }
        if !sides.contains(&Side::Test) {
            return Err(
                "there is no test image; give some, or leave the split out to have one drawn".to_owned()
            );
        }
        return Ok(sides);
    }
    if let Some(single) = counts.iter().position(|&count| count == 1) {
        return Err(format!(
            "class {:?} has one image, too few to train and test; add images or give the split",
            classes[single]
        ));
    }
    let wanted = wanted(&counts, settings.test_share)?;
    Draw::new(entries, counts, wanted).sides(classes, settings.seed)
}

/// Number of test images wanted of each class of `counts` images, each at least 2.
fn wanted(counts: &[usize], share: Share) -> Result<Vec<usize>, String> {
    let images: usize = counts.iter().sum();
    let (least, most) = (counts.len(), images - counts.len());
    let total = match share {
        Share::Fraction(share) if share > 0.0 && share < 1.0 => {
            ((share * images as f64).round() as usize).clamp(least, most)
        }
        Share::Fraction(share) => return Err(format!("a test share of {share} is not between 0 and 1")),
        Share::Images(total) if (least..=most).contains(&total) => total,
        Share::Images(total) => {
            return Err(format!(
                "{total} test images of {images} are not possible: each of the {least} classes needs one on both sides, so \
                 give {least} to {most}"
            ));
        }
    };
    let quota = |class: usize| counts[class] as f64 * total as f64 / images as f64;
    let mut wanted: Vec<usize> =
        (0..counts.len()).map(|class| (quota(class) as usize).clamp(1, counts[class] - 1)).collect();
    loop {
        let sum: usize = wanted.iter().sum();
        let lacks = |class: usize| quota(class) - wanted[class] as f64;
        // Of equals the first class, as all comparisons are strict.
        let best = |allowed: &dyn Fn(usize) -> bool, sign: f64| {
            (0..counts.len())
                .filter(|&class| allowed(class))
                .reduce(|best, class| if sign * lacks(class) > sign * lacks(best) { class } else { best })
        };
        let change = match sum.cmp(&total) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Less => {
                best(&|class| wanted[class] + 1 < counts[class], 1.0).map(|class| (class, wanted[class] + 1))
            }
            std::cmp::Ordering::Greater => {
                best(&|class| wanted[class] > 1, -1.0).map(|class| (class, wanted[class] - 1))
            }
        };
        match change {
            Some((class, number)) => wanted[class] = number,
            None => return Ok(wanted),
        }
    }
}

/// Groups on their way to one side.
struct Draw<'a> {
    entries: &'a [Entry],
    /// Images of each group, groups by number.
    groups: Vec<Vec<usize>>,
    /// Training images left of each class.
    left: Vec<usize>,
    /// Test images still wanted of each class.
    wanted: Vec<usize>,
    sides: Vec<Side>,
}

impl<'a> Draw<'a> {
    fn new(entries: &'a [Entry], counts: Vec<usize>, wanted: Vec<usize>) -> Self {
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let grouped = entries.iter().all(|entry| entry.group.is_some());
        for (at, entry) in entries.iter().enumerate() {
            let number = if grouped { entry.group } else { None };
            groups.entry(number.unwrap_or(at as u32)).or_default().push(at);
        }
        let groups = groups.into_values().collect();
        Self { entries, groups, left: counts, wanted, sides: vec![Side::Train; entries.len()] }
    }

    fn sides(mut self, classes: &[String], seed: u64) -> Result<Vec<Side>, String> {
        let order = permutation(self.groups.len(), seed, Purpose::TestSplit);
        for &group in &order {
            let inside = self.inside(group);
            let welcome: usize = inside.iter().map(|(&label, &count)| count.min(self.wanted[label])).sum();
            if 2 * welcome >= self.groups[group].len() && self.can_spare(&inside) {
                self.take(group, &inside);
            }
        }
        for (label, class) in classes.iter().enumerate() {
            let tested =
                |&at: &usize| self.sides[at] == Side::Test && usize::from(self.entries[at].label) == label;
            if (0..self.entries.len()).any(|at| tested(&at)) {
                continue;
            }
            let group = order.iter().copied().find(|&group| {
                let inside = self.inside(group);
                inside.contains_key(&label) && self.can_spare(&inside)
            });
            let Some(group) = group else {
                return Err(format!(
                    "class {class:?} cannot be on both sides of a split by whole groups; add groups with it, or give the split"
                ));
            };
            let inside = self.inside(group);
            self.take(group, &inside);
        }
        Ok(self.sides)
    }

    /// Number of images of each class in a group.
    fn inside(&self, group: usize) -> BTreeMap<usize, usize> {
        let mut inside = BTreeMap::new();
        for &at in &self.groups[group] {
            *inside.entry(usize::from(self.entries[at].label)).or_default() += 1;
        }
        inside
    }

    /// Whether every class keeps a training image without this group.
    fn can_spare(&self, inside: &BTreeMap<usize, usize>) -> bool {
        inside.iter().all(|(&label, &count)| self.left[label] > count)
    }

    fn take(&mut self, group: usize, inside: &BTreeMap<usize, usize>) {
        for (&label, &count) in inside {
            self.left[label] -= count;
            self.wanted[label] = self.wanted[label].saturating_sub(count);
        }
        for &at in &self.groups[group] {
            self.sides[at] = Side::Test;
        }
    }
}

#[cfg(test)]
mod tests;
