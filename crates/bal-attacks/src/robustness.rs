//! Robust accuracy: what is left of a classifier's accuracy under an attack.

mod again;
mod budget;
mod curve;
mod in_balls;
mod made;
mod nearest;
mod outcome;
mod shard;
mod shard_store;
mod spatial;
mod task;
mod worst;

use crate::{Attack, EvaluationError, Radii, SettingError};
pub use again::{Changes, classify_again};
use bal_core::{Classifier, Images, NoiseKey, NoiseStream, Purpose, Replicate, Shared, Workers};
pub use curve::{AccuracyCurve, Reached};
pub use outcome::Outcome;
pub use shard::Shard;
use shard::Wanted;
pub use shard_store::{NoStore, ShardStore, StoreError};
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};
use task::Task;
use tch::{Device, Tensor};

pub use bal_core::SHARD;

/// What an evaluation measures.
#[derive(Clone, Copy, Debug)]
pub struct Protocol<'a> {
    /// The attack.
    pub attack: &'a Attack,
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
    /// Images attacked so far, those that were recalled among them.
    pub images: usize,
    /// Images recalled so far, which took no time.
    pub recalled: usize,
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
/// An attack that moves pixels ([`Attack::Spatial`]) says how, and its images are made here; how far pixels were moved is
/// measured in double precision, and a witness beyond the radius, by as little, is an error too.
///
/// An attack that seeks the nearest error ([`Attack::seeks_nearest`]) runs once and serves all radii: an
/// image is broken at radius r when what came back is wrong and at most r away, in double precision,
/// and at every radius when it is wrong from the start.
///
/// What is attacked with is the attack for so many classes as the model has ([`Attack::for_classes`]), with images of the
/// data set to begin at where it asks for some ([`Attack::starting_among`]).
///
/// `progress` is told after each shard, one call at a time, in the order in which they end.
///
/// # Errors
/// Those of [`Protocol::fits`]; [`EvaluationError::During`] around whatever went wrong in the first shard where
/// something did.
pub fn evaluate(
    model: &dyn Classifier,
    images: &Images,
    protocol: &Protocol,
    workers: &Workers,
    progress: &(dyn Fn(&EvaluationProgress) + Sync),
) -> Result<AccuracyCurve, EvaluationError> {
    Ok(evaluate_with_store(model, images, protocol, workers, &NoStore::default(), progress)?.curve)
}

/// What an evaluation gives, and the images that it made.
#[derive(Debug)]
pub struct Evaluated {
    /// Who survived.
    pub curve: AccuracyCurve,
    /// The changed images, `[radii, n, c, h, w]` on the CPU, where [`ShardStore::images`] asks for them.
    pub x: Option<Tensor>,
    /// What moved their pixels, `[radii, n, ..]`, with the images of an attack that moves them.
    pub witness: Option<Tensor>,
}

/// Like [`evaluate`], but stored shards are read instead of attacked, and the others are stored. Shards that the store does not
/// want are left out.
///
/// The result is the same, bit by bit, whichever shards were stored.
///
/// # Errors
/// Those of [`evaluate`]; [`EvaluationError::Store`] when a shard cannot be stored or read, or belongs to another
/// evaluation.
pub fn evaluate_with_store(
    model: &dyn Classifier,
    images: &Images,
    protocol: &Protocol,
    workers: &Workers,
    store: &dyn ShardStore,
    progress: &(dyn Fn(&EvaluationProgress) + Sync),
) -> Result<Evaluated, EvaluationError> {
    let Found { attack, radii, mut shards } = attacked(model, images, protocol, workers, store, progress)?;
    let curve = AccuracyCurve::of(attack.name(), attack.measure(), &attack.parts(), radii, &shards);
    let x = joined(shards.iter_mut().filter_map(|shard| shard.x.take()))?;
    let witness = joined(shards.iter_mut().filter_map(|shard| shard.witness.take()))?;
    Ok(Evaluated { curve, x, witness })
}

/// Makes the shards that the store wants and this process draws ([`ShardStore::next`]): the part that one of several processes
/// has in an evaluation.
///
/// # Errors
/// Those of [`evaluate_with_store`].
pub fn make_shards(
    model: &dyn Classifier,
    images: &Images,
    protocol: &Protocol,
    workers: &Workers,
    store: &dyn ShardStore,
    progress: &(dyn Fn(&EvaluationProgress) + Sync),
) -> Result<(), EvaluationError> {
    attacked(model, images, protocol, workers, store, progress).map(drop)
}

/// An attack and what it did.
struct Found {
    attack: Attack,
    radii: Vec<Option<f64>>,
    /// In the order of the data set.
    shards: Vec<Shard>,
}

/// The shards that were made or stored.
fn attacked(
    model: &dyn Classifier,
    images: &Images,
    protocol: &Protocol,
    workers: &Workers,
    store: &dyn ShardStore,
    progress: &(dyn Fn(&EvaluationProgress) + Sync),
) -> Result<Found, EvaluationError> {
    protocol.fits(model.classes(), images)?;
    let attack = &protocol.attack.for_classes(model.classes())?.starting_among(model, images)?;
    let radii = protocol.columns()?;
    let shards = protocol.shards(images.len())?.into_iter().enumerate();
    let tasks: Vec<(usize, Vec<i64>)> = shards.filter(|(number, _)| store.is_wanted(*number)).collect();
    let key = NoiseKey { seed: protocol.seed, purpose: Purpose::Evaluation, sweep: 0, chain: 0 };

    let model = Mutex::new(model.replicate());
    let images = Shared::new(images.replicate());
    let state = Mutex::new(EvaluationProgress {
        images: 0,
        recalled: 0,
        of: tasks.iter().map(|(_, indices)| indices.len()).sum(),
        correct: vec![0; radii.len()],
    });
    let wanted = Wanted {
        radii: radii.len(),
        parts: attack.parts().len(),
        images: store.images(),
        spatial: matches!(attack, Attack::Spatial(_)),
    };
    let first_failure = AtomicUsize::new(usize::MAX);
    let work = |place: usize| {
        let (number, indices) = match store.next(place) {
            Ok(drawn) => tasks.get(drawn?)?,
            Err(error) => return Some((0, Err(EvaluationError::Store(error)))),
        };
        let number = *number;
        // Shards after a failure need not be attacked; those before may fail too, and come first.
        if number > first_failure.load(Ordering::Relaxed) {
            return None;
        }
        let attacked = || {
            let model = model.lock().unwrap_or_else(PoisonError::into_inner).replicate();
            let batch = images.replica().batch(indices);
            let noise = NoiseStream::new(key);
            let task = Task { model: &*model, batch: &batch, attack, radii: &radii, noise: &noise };
            let mut shard = Shard::attacked(&task, store.images())?;
            let on_cpu = |x: Option<Tensor>| x.map(|x| x.f_to_device(Device::Cpu)).transpose();
            (shard.x, shard.witness) = (on_cpu(shard.x)?, on_cpu(shard.witness)?);
            store.write(number, &shard).map_err(EvaluationError::Store)?;
            Ok(shard)
        };
        let kept = recalled(store, number, indices, &wanted);
        let was_kept = matches!(kept, Ok(Some(_)));
        let shard = kept.and_then(|kept| kept.map_or_else(attacked, Ok));
        match &shard {
            Ok(shard) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                if was_kept {
                    state.recalled += shard.labels.len();
                }
                shard.tell(&mut state, progress);
            }
            Err(_) => {
                first_failure.fetch_min(number, Ordering::Relaxed);
            }
        }
        Some((number, shard))
    };
    let mut results: Vec<(usize, Result<Shard, EvaluationError>)> =
        workers.map((0..tasks.len()).collect(), work).into_iter().flatten().collect();
    // Drawn from a queue they are in any order.
    results.sort_by_key(|(number, _)| *number);
    let shards = results.into_iter().map(|(_, shard)| shard).collect::<Result<_, _>>()?;
    Ok(Found { attack: attack.clone(), radii: radii.clone(), shards })
}

/// Those of all shards together, where there are some: `[radii, n, ..]`.
fn joined(of_shards: impl Iterator<Item = Tensor>) -> Result<Option<Tensor>, EvaluationError> {
    let all: Vec<Tensor> = of_shards.collect();
    Ok(if all.is_empty() { None } else { Some(Tensor::f_cat(&all, 1)?) })
}

/// The shard of these images, if it was stored.
fn recalled(
    store: &dyn ShardStore,
    number: usize,
    indices: &[i64],
    wanted: &Wanted,
) -> Result<Option<Shard>, EvaluationError> {
    let shard = store.read(number).map_err(EvaluationError::Store)?;
    match shard {
        Some(shard) if !shard.fits(indices, wanted) => {
            let (first, last) = (indices.first().copied(), indices.last().copied());
            let range = format!("{} to {}", first.unwrap_or(0), last.unwrap_or(0));
            Err(EvaluationError::Store(
                format!("what is kept of images {range} is of another evaluation").into(),
            ))
        }
        shard => Ok(shard),
    }
}

impl Protocol<'_> {
    /// Refuses what cannot be measured of a model of so many classes on these images, before long work begins.
    ///
    /// # Errors
    /// [`EvaluationError::NoImages`]; [`SettingError::MissingRadius`] and [`SettingError::NoRadius`] when attack and radii do
    /// not fit; [`SettingError::WholeBox`] for radii beyond all images; those of
    /// [`crate::SpatialAttack::suits_images`]; [`crate::ModelFault::Classes`] and
    /// [`crate::ModelFault::FewClasses`] for an attack that is defined for more classes only.
    pub fn fits(&self, classes: i64, images: &Images) -> Result<(), EvaluationError> {
        self.shards(images.len())?;
        let columns = self.columns()?;
        if let Some(measure) = self.attack.measure() {
            let pixels = images.shape().iter().product();
            columns.into_iter().flatten().try_for_each(|radius| measure.suits_images(radius, pixels))?;
        }
        if let Attack::Spatial(attack) = self.attack {
            attack.suits_images(&images.shape())?;
        }
        self.attack.for_classes(classes)?;
        Ok(())
    }

    /// How many shards the images are cut into.
    ///
    /// # Errors
    /// [`EvaluationError::NoImages`].
    pub fn shard_count(&self, images: &Images) -> Result<usize, EvaluationError> {
        Ok(self.shards(images.len())?.len())
    }

    /// How many images each of them has.
    ///
    /// # Errors
    /// [`EvaluationError::NoImages`].
    pub fn shard_sizes(&self, images: &Images) -> Result<Vec<usize>, EvaluationError> {
        Ok(self.shards(images.len())?.iter().map(Vec::len).collect())
    }

    /// One entry per measurement.
    fn columns(&self) -> Result<Vec<Option<f64>>, EvaluationError> {
        match (self.attack, self.radii) {
            (Attack::Fixed(attack), Some(_)) => Err(SettingError::NoRadius(attack.name()).into()),
            (attack, None) if attack.measure().is_some() && !attack.seeks_nearest() => {
                Err(SettingError::MissingRadius(attack.name()).into())
            }
            (_, None) => Ok(vec![None]),
            (_, Some(radii)) => Ok(radii.as_slice().iter().copied().map(Some).collect()),
        }
    }

    fn shards(&self, images: i64) -> Result<Vec<Vec<i64>>, EvaluationError> {
        let limit = self.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let indices: Vec<i64> = (0..images.min(limit)).collect();
        if indices.is_empty() {
            let limit = self.limit.map_or("none".into(), |limit| limit.to_string());
            return Err(EvaluationError::NoImages { images, limit });
        }
        let size = self.attack.batch_size().unwrap_or(SHARD).max(1);
        Ok(indices.chunks(size).map(<[i64]>::to_vec).collect())
    }
}

#[cfg(test)]
mod distance_tests;
#[cfg(test)]
mod shard_store_tests;
#[cfg(test)]
mod spatial_tests;
#[cfg(test)]
mod tests;
