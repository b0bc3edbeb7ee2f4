//! Adversarial images that were made before, measured and classified once more.

use super::budget;
use super::outcome::Outcome;
use super::shard::Shard;
use super::task::{classes, sound};
use super::{AccuracyCurve, SHARD};
use crate::{AttackError, EvaluationError, Norm};
use bal_core::{Batch, Classifier, Replicate, Shared, Workers};
use std::sync::{Mutex, PoisonError};
use tch::Tensor;

/// Changed images, and what is claimed of them.
#[derive(Debug)]
pub struct Changes<'a> {
    /// The attack that is said to have made them.
    pub attack: &'a str,
    /// The norm of its balls; `None` where it has none.
    pub norm: Option<Norm>,
    /// One radius per column, ascending; a single `None` without a ball.
    pub radii: &'a [Option<f64>],
    /// How many were classified together, where that was not [`SHARD`]: the last bits may depend on it.
    pub together: Option<usize>,
}

/// Classifies changed images again, after measuring that each is in its ball and in `[0, 1]`.
///
/// `batch` holds the clean images, their labels and their numbers, `x` the changed ones,
/// `[radii, n, c, h, w]`. No attack is run: an image that the
/// model gets wrong, and has right as it was, counts as broken by the one part that is named.
///
/// # Errors
/// [`EvaluationError::OutsideBall`] and [`EvaluationError::OutsideBox`] for the first image that is, in double
/// precision and by more than rounding; [`AttackError::Shape`] and [`EvaluationError::Count`] when the parts
/// do not fit together; those of a model that cannot be used.
pub fn classify_again(
    model: &dyn Classifier,
    batch: &Batch,
    changes: &Changes,
    x: &Tensor,
    workers: &Workers,
) -> Result<AccuracyCurve, EvaluationError> {
    sound(model, batch)?;
    let expected: Vec<i64> = [&[changes.radii.len() as i64], &batch.x.size()[..]].concat();
    if x.size() != expected {
        let (attack, found) = (changes.attack.into(), x.size());
        return Err(AttackError::Shape { attack, expected, found }.into());
    }
    let model = Mutex::new(model.replicate());
    let x = Shared::new(x.replicate());
    let mut tasks = Vec::new();
    let mut start = 0;
    for shard in batch.shards(changes.together.unwrap_or(SHARD)) {
        let length = shard.len() as i64;
        tasks.push((start, Mutex::new(shard)));
        start += length;
    }
    let shards = workers.map(tasks, |(start, batch)| {
        let model = model.lock().unwrap_or_else(PoisonError::into_inner).replicate();
        let batch = batch.into_inner().unwrap_or_else(PoisonError::into_inner);
        shard(&*model, &batch, changes, &x.replica().narrow(1, start, batch.len() as i64))
    });
    let shards = shards.into_iter().collect::<Result<Vec<_>, _>>()?;
    let (name, radii) = (changes.attack, changes.radii.to_vec());
    Ok(AccuracyCurve::of(name, changes.norm, &[name], radii, &shards))
}

fn shard(
    model: &dyn Classifier,
    batch: &Batch,
    changes: &Changes,
    x: &Tensor,
) -> Result<Shard, EvaluationError> {
    let labels = Vec::<i64>::try_from(batch.classes()?)?;
    let clean = classes(model, &batch.x)?;
    let outcome = |(column, &radius): (usize, &Option<f64>)| {
        let x = x.get(column as i64);
        let moved = budget::kept(changes.attack, changes.norm, radius, batch, &x)?;
        let predicted = classes(model, &x)?;
        let broken = (0..batch.len()).map(|row| clean[row] == labels[row] && predicted[row] != labels[row]);
        let broken_by = broken.map(|broken| broken.then_some(0)).collect();
        Ok(Outcome { predicted, broken_by, l2: moved.l2, linf: moved.linf })
    };
    let outcomes = changes.radii.iter().enumerate().map(outcome).collect::<Result<_, EvaluationError>>()?;
    Ok(Shard {
        indices: batch.indices.clone(),
        labels,
        clean,
        outcomes,
        distances: None,
        gradients: vec![],
        x: None,
    })
}
