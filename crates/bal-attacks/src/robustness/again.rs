//! Adversarial images that were made before, measured and classified once more.

use super::budget;
use super::made::Made;
use super::outcome::Outcome;
use super::shard::Shard;
use super::task::{classes, sound};
use super::{AccuracyCurve, SHARD};
use crate::{AttackError, EvaluationError, Measure, SpatialMeasure};
use bal_core::{Batch, Classifier, Replicate, Shared, Workers};
use std::sync::{Mutex, PoisonError};
use tch::{Kind, Tensor};

/// How much a moved image may differ from the one that is made of the same witness on another processor.
const TOLERANCE: f64 = 1e-6;

/// Changed images, and what is claimed of them.
#[derive(Debug)]
pub struct Changes<'a> {
    /// The attack that is said to have made them.
    pub attack: &'a str,
    /// What its radii measure; `None` where it has none.
    pub measure: Option<Measure>,
    /// One radius per column, ascending; a single `None` without a ball.
    pub radii: &'a [Option<f64>],
    /// How many were classified together, where that was not [`SHARD`]: the last bits may depend on it.
    pub together: Option<usize>,
    /// What moved the pixels, `[radii, n, ..]`, of an attack that moves them.
    pub witness: Option<&'a Tensor>,
}

/// Classifies changed images again, after measuring that each is within its radius and in `[0, 1]`, and is what its witness
/// makes of the clean one, if it has one.
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
    if let (Some(measure), Some(witness)) = (changes.measure.and_then(Measure::spatial), changes.witness) {
        let expected = [&[changes.radii.len() as i64], &measure.shape(&batch.x.size())[..]].concat();
        if witness.size() != expected {
            let (attack, found) = (changes.attack.into(), witness.size());
            return Err(AttackError::Shape { attack, expected, found }.into());
        }
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
    let witness = changes.witness.map(|witness| Shared::new(witness.replicate()));
    let Changes { attack: name, measure, radii, .. } = *changes;
    let claims = Claims { attack: name, measure, radii };
    let shards = workers.map(tasks, |(start, batch)| {
        let model = model.lock().unwrap_or_else(PoisonError::into_inner).replicate();
        let batch = batch.into_inner().unwrap_or_else(PoisonError::into_inner);
        let rows = |of: &Shared<Tensor>| of.replica().narrow(1, start, batch.len() as i64);
        shard(&*model, &batch, &claims, &rows(&x), witness.as_ref().map(rows).as_ref())
    });
    let shards = shards.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(AccuracyCurve::of(name, measure, &[name], radii.to_vec(), &shards))
}

/// What is claimed of all images.
struct Claims<'a> {
    attack: &'a str,
    measure: Option<Measure>,
    radii: &'a [Option<f64>],
}

fn shard(
    model: &dyn Classifier,
    batch: &Batch,
    claims: &Claims,
    x: &Tensor,
    witness: Option<&Tensor>,
) -> Result<Shard, EvaluationError> {
    let labels = Vec::<i64>::try_from(batch.classes()?)?;
    let clean = classes(model, &batch.x)?;
    let outcome = |(column, &radius): (usize, &Option<f64>)| {
        let x = x.get(column as i64);
        let made = match (claims.measure.and_then(Measure::spatial), witness) {
            (Some(measure), Some(witness)) => {
                let witness = witness.f_get(column as i64)?;
                rendered_again(claims.attack, measure, batch, &witness, x)?
            }
            _ => Made::images(x),
        };
        let moved = budget::kept(claims.attack, claims.measure, radius, batch, &made)?;
        let predicted = classes(model, &made.x)?;
        let broken = (0..batch.len()).map(|row| clean[row] == labels[row] && predicted[row] != labels[row]);
        let broken_by = broken.map(|broken| broken.then_some(0)).collect();
        Ok(Outcome { predicted, broken_by, l2: moved.l2, linf: moved.linf, size: moved.size })
    };
    let outcomes = claims.radii.iter().enumerate().map(outcome).collect::<Result<_, EvaluationError>>()?;
    Ok(Shard {
        indices: batch.indices.clone(),
        labels,
        clean,
        outcomes,
        distances: None,
        gradients: vec![],
        x: None,
        witness: None,
    })
}

/// The images `x`, after a look at whether they are what the witness makes of the clean ones.
fn rendered_again(
    attack: &str,
    measure: SpatialMeasure,
    batch: &Batch,
    witness: &Tensor,
    x: Tensor,
) -> Result<Made, EvaluationError> {
    let made = Made::rendered(attack, measure, batch, witness)?;
    let apart = x.f_to_kind(Kind::Double)?.f_sub(&made.x.f_to_kind(Kind::Double)?)?.f_abs()?;
    let apart = Vec::<f64>::try_from(apart.f_flatten(1, -1)?.f_amax([1i64].as_slice(), false)?)?;
    // What is not a number is not alike either.
    let alike = |apart: &f64| *apart <= TOLERANCE;
    match apart.iter().position(|apart| !alike(apart)) {
        Some(row) => {
            let (image, difference) = (batch.indices[row], apart[row]);
            Err(EvaluationError::OtherImage { measure, image, difference })
        }
        None => Ok(Made { x, ..made }),
    }
}
