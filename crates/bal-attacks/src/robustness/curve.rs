//! What an evaluation found.

use super::outcome::Outcome;
use super::shard::Shard;
use crate::{Gradients, Measure};

/// Which images survive an attack, radius by radius.
#[derive(Clone, Debug, PartialEq)]
pub struct AccuracyCurve {
    /// The attack's name.
    pub attack: String,
    /// What radii measure: the norm of its ball, or of the distance that it makes small, or how far pixels are moved; `None` where
    /// it has none of them.
    pub measure: Option<Measure>,
    /// The radii, ascending; a single `None` without a ball.
    pub radii: Vec<Option<f64>>,
    /// Per radius, per image in data set order: whether the changed image is classified rightly.
    pub correct: Vec<Vec<bool>>,
    /// Per radius: how far the attack went.
    pub reached: Vec<Reached>,
    /// The images' numbers in their data set.
    pub indices: Vec<i64>,
    /// Their labels.
    pub labels: Vec<i64>,
    /// The model's classes for the clean images.
    pub clean: Vec<i64>,
    /// The names under which the attack accounts for images, see [`crate::Attack::parts`].
    pub parts: Vec<String>,
    /// Per radius, what became of each image in data set order.
    pub outcomes: Vec<Outcome>,
    /// Of an attack that seeks the nearest error, per image in data set order: how far the image it
    /// found is, in `measure` and double precision; 0 for an image that is wrong from the start, `None`
    /// where none was found. `None` for other attacks.
    pub distances: Option<Vec<Option<f64>>>,
    /// The gradients that each of the parts took, over all radii; empty of images that were only looked at again.
    pub gradients: Vec<Gradients>,
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
    /// Of an attack that moves pixels: how far, in its measure, mean over images.
    pub size: Option<f64>,
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

    /// How many images each of the parts broke, in their order, at the radius of this column.
    pub fn broken_by(&self, column: usize) -> Vec<usize> {
        let mut counts = vec![0; self.parts.len()];
        for &part in self.outcomes.get(column).into_iter().flat_map(|outcome| &outcome.broken_by).flatten() {
            if let Some(count) = counts.get_mut(part) {
                *count += 1;
            }
        }
        counts
    }

    /// How many images stand as they are and had no error found by an attack that seeks the nearest one: they count as
    /// right at every radius, and nobody knows how near an error is.
    pub fn not_found(&self) -> usize {
        self.distances.iter().flatten().filter(|distance| distance.is_none()).count()
    }

    /// The least distance within which at least half of the images are wrong; `None` where more than
    /// half stand, and for attacks that do not seek the nearest error.
    pub fn median_distance(&self) -> Option<f64> {
        let distances = self.distances.as_ref()?;
        let mut found: Vec<f64> = distances.iter().flatten().copied().collect();
        found.sort_by(f64::total_cmp);
        found.get(distances.len().div_ceil(2).checked_sub(1)?).copied()
    }

    /// Puts shards together, in the order of the data set: what an evaluation by this attack, with its measure and the names of
    /// its parts, at these radii, found.
    pub fn of(
        attack: &str,
        measure: Option<Measure>,
        parts: &[&str],
        radii: Vec<Option<f64>>,
        shards: &[Shard],
    ) -> Self {
        let of_all =
            |part: fn(&Shard) -> &Vec<i64>| shards.iter().flat_map(part).copied().collect::<Vec<_>>();
        let labels = of_all(|shard| &shard.labels);
        let outcomes: Vec<Outcome> = (0..radii.len())
            .map(|column| Outcome::concat(shards.iter().filter_map(|shard| shard.outcomes.get(column))))
            .collect();
        let distances = shards.iter().map(|shard| shard.distances.clone()).collect::<Option<Vec<_>>>();
        let mut gradients: Vec<Gradients> = vec![];
        for shard in shards {
            gradients.resize(gradients.len().max(shard.gradients.len()), Gradients::default());
            for (sum, count) in gradients.iter_mut().zip(&shard.gradients) {
                *sum += *count;
            }
        }
        Self {
            attack: attack.into(),
            measure,
            correct: outcomes.iter().map(|outcome| outcome.correct(&labels).collect()).collect(),
            reached: outcomes.iter().map(Reached::of).collect(),
            indices: of_all(|shard| &shard.indices),
            clean: of_all(|shard| &shard.clean),
            parts: parts.iter().map(ToString::to_string).collect(),
            distances: distances.map(|distances| distances.concat()),
            labels,
            outcomes,
            radii,
            gradients,
        }
    }
}

impl Outcome {
    fn concat<'a>(shards: impl Iterator<Item = &'a Self>) -> Self {
        let mut all = Self { predicted: vec![], broken_by: vec![], l2: vec![], linf: vec![], size: None };
        for shard in shards {
            all.predicted.extend(&shard.predicted);
            all.broken_by.extend(&shard.broken_by);
            all.l2.extend(&shard.l2);
            all.linf.extend(&shard.linf);
            if let Some(size) = &shard.size {
                all.size.get_or_insert_default().extend(size);
            }
        }
        all
    }
}

impl Reached {
    pub(super) fn of(outcome: &Outcome) -> Self {
        let Outcome { l2, linf, size, .. } = outcome;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let max = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        let size = size.as_deref().map(mean);
        Self { l2: mean(l2), linf: mean(linf), max_l2: max(l2), max_linf: max(linf), size }
    }
}
