//! What an evaluation found.

use super::shard::{Outcome, Shard};
use crate::{Attack, Norm};

/// Which images survive an attack, radius by radius.
#[derive(Clone, Debug, PartialEq)]
pub struct AccuracyCurve {
    /// The attack's name.
    pub attack: String,
    /// Norm of its ball, or of the distance that it makes small; `None` where it has neither.
    pub norm: Option<Norm>,
    /// The radii, ascending; a single `None` without a ball.
    pub radii: Vec<Option<f64>>,
    /// Per radius, per image in data set order: whether the changed image is classified rightly.
    pub correct: Vec<Vec<bool>>,
    /// Per radius: how far the attack went.
    pub reached: Vec<Reached>,
    /// Of an attack that seeks the nearest error, per image in data set order: how far the image it
    /// found is, in `norm` and double precision; 0 for an image that is wrong from the start, `None`
    /// where none was found. `None` for other attacks.
    pub distances: Option<Vec<Option<f64>>>,
}

/// How far an attack moved the images, in double precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// Euclidean length of the change, mean over images.
    pub l2: f64,
    /// Greatest change of a pixel, mean over images.
    pub linf: f64,
    /// Euclidean length of the change, greatest over images.
    pub max_l2: f64,
    /// Greatest change of a pixel, greatest over images.
    pub max_linf: f64,
}

impl AccuracyCurve {
    /// Number of images.
    pub fn images(&self) -> usize {
        self.correct.first().map_or(0, Vec::len)
    }

    /// The share of images that survive, in `[0, 1]`, one per radius.
    pub fn accuracy(&self) -> Vec<f64> {
        let share =
            |flags: &Vec<bool>| flags.iter().filter(|&&right| right).count() as f64 / flags.len() as f64;
        self.correct.iter().map(share).collect()
    }

    /// The least distance within which at least half of the images are wrong; `None` where more than
    /// half stand, and for attacks that do not seek the nearest error.
    pub fn median_distance(&self) -> Option<f64> {
        let distances = self.distances.as_ref()?;
        let mut found: Vec<f64> = distances.iter().flatten().copied().collect();
        found.sort_by(f64::total_cmp);
        found.get(distances.len().div_ceil(2).checked_sub(1)?).copied()
    }

    /// Puts the shards together, in the order of the data set.
    pub(super) fn of(attack: &dyn Attack, radii: Vec<Option<f64>>, shards: &[Shard]) -> Self {
        let column = |radius: usize| shards.iter().filter_map(move |shard| shard.outcomes.get(radius));
        Self {
            attack: attack.name().into(),
            norm: attack.norm().or(attack.minimises()),
            distances: shards
                .iter()
                .map(|shard| shard.distances.clone())
                .collect::<Option<Vec<_>>>()
                .map(|d| d.concat()),
            correct: (0..radii.len()).map(|r| column(r).flat_map(|o| o.correct.clone()).collect()).collect(),
            reached: (0..radii.len()).map(|r| Reached::of(column(r))).collect(),
            radii,
        }
    }
}

impl Reached {
    fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Self {
        let (l2, linf): (Vec<_>, Vec<_>) =
            outcomes.map(|o| (o.moved.l2.clone(), o.moved.linf.clone())).unzip();
        let (l2, linf) = (l2.concat(), linf.concat());
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let max = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        Self { l2: mean(&l2), linf: mean(&linf), max_l2: max(&l2), max_linf: max(&linf) }
    }
}
