//! Robust accuracy: what is left of a classifier's accuracy under an attack.

mod budget;
mod curve;
mod nearest;
mod shard;

use crate::{Attack, AttackError, Radii};
use bal_core::{Classifier, Images, NoiseKey, NoiseStream, Purpose, Replicate, Shared, Workers};
pub use curve::{AccuracyCurve, Reached};
use shard::Shard;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Images attacked together, unless the attack has a batch of its own.
///
/// Part of the protocol and no tuning: the last bits of a matrix product may depend on it.
const SHARD: usize = 64;

/// What an evaluation measures.
#[derive(Clone, Copy, Debug)]
pub struct Protocol<'a> {
    /// The attack. The radius it was made with is not used.
    pub attack: &'a dyn Attack,
    /// The radii at which accuracy is measured; `None` for an attack without a ball. An attack that
    /// seeks the nearest error takes either: with radii the accuracy at each, without the distances.
    pub radii: Option<&'a Radii>,
    /// Only the first so many images, at least 1.
    pub limit: Option<u64>,
    /// Seed of the random starts.
    pub seed: u64,
}

/// How far an evaluation has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationProgress {
    /// Images attacked so far.
    pub images: usize,
    /// Images in all.
    pub of: usize,
    /// How many of those attacked are classified rightly, one count per radius.
    pub correct: Vec<usize>,
}

/// Attacks the first images of a data set at each radius, and counts who survives.
///
/// Images are cut into shards of 64, or of the attack's own batch, in data set order; each is a task
/// with a replica of the model, so the result does not depend on the number of workers. Every
/// changed batch is measured again in double precision, and one outside its ball or `[0, 1]` by more
/// than 1e-6 (relative above 1) is an error: no attack can look strong by cheating. Predictions are
/// the largest of [`Classifier::logits`].
///
/// An attack that seeks the nearest error ([`Attack::minimises`]) runs once and serves all radii: an
/// image is broken at radius r when what came back is wrong and at most r away, in double precision,
/// and at every radius when it is wrong from the start.
///
/// `progress` is told after each shard, one call at a time, in the order in which they end.
///
/// # Errors
/// [`AttackError::NoImages`]; [`AttackError::MissingRadius`] or [`AttackError::NoRadius`] when attack
/// and radii do not fit; [`AttackError::During`] around whatever went wrong in the first shard where
/// something did.
pub fn evaluate(
    model: &dyn Classifier,
    images: &Images,
    protocol: &Protocol,
    workers: &Workers,
    progress: &(dyn Fn(&EvaluationProgress) + Sync),
) -> Result<AccuracyCurve, AttackError> {
    let radii = protocol.columns()?;
    let shards = protocol.shards(images.len())?;
    let key = NoiseKey { seed: protocol.seed, purpose: Purpose::Evaluation, sweep: 0, chain: 0 };

    let model = Mutex::new(model.replicate());
    let images = Shared::new(images.replicate());
    let state = Mutex::new(EvaluationProgress {
        images: 0,
        of: shards.iter().map(Vec::len).sum(),
        correct: vec![0; radii.len()],
    });
    let first_failure = AtomicUsize::new(usize::MAX);
    let tasks = shards.into_iter().enumerate().collect();
    let results: Vec<Option<Result<Shard, AttackError>>> = workers.map(tasks, |(number, indices)| {
        // Shards after a failure need not be attacked; those before may fail too, and come first.
        if number > first_failure.load(Ordering::Relaxed) {
            return None;
        }
        let model = model.lock().unwrap_or_else(PoisonError::into_inner).replicate();
        let batch = images.replica().batch(&indices);
        let shard = Shard::attacked(&*model, &batch, protocol.attack, &radii, &NoiseStream::new(key));
        match &shard {
            Ok(shard) => shard.tell(&mut state.lock().unwrap_or_else(PoisonError::into_inner), progress),
            Err(_) => {
                first_failure.fetch_min(number, Ordering::Relaxed);
            }
        }
        Some(shard)
    });
    let shards = results.into_iter().flatten().collect::<Result<Vec<_>, _>>()?;
    Ok(AccuracyCurve::of(protocol.attack, radii, &shards))
}

impl Protocol<'_> {
    /// One entry per measurement.
    fn columns(&self) -> Result<Vec<Option<f64>>, AttackError> {
        match (self.attack.norm().or(self.attack.minimises()), self.radii) {
            (Some(_), Some(radii)) => Ok(radii.as_slice().iter().copied().map(Some).collect()),
            (None, Some(_)) => Err(AttackError::NoRadius(self.attack.name())),
            (_, None) if self.attack.ball().is_some() => Err(AttackError::MissingRadius(self.attack.name())),
            (_, None) => Ok(vec![None]),
        }
    }

    fn shards(&self, images: i64) -> Result<Vec<Vec<i64>>, AttackError> {
        let limit = self.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let indices: Vec<i64> = (0..images.min(limit)).collect();
        if indices.is_empty() {
            let limit = self.limit.map_or("none".into(), |limit| limit.to_string());
            return Err(AttackError::NoImages { images, limit });
        }
        let size = self.attack.batch_size().unwrap_or(SHARD).max(1);
        Ok(indices.chunks(size).map(<[i64]>::to_vec).collect())
    }
}

#[cfg(test)]
mod distance_tests;
#[cfg(test)]
mod tests;
