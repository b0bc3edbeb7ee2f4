//! What an attack that seeks the nearest error says of all radii at once.

use super::budget::{self, Moved};
use super::shard::{Outcome, Shard, sound};
use crate::{Attack, AttackError, Norm, predicted_classes};
use bal_core::{Batch, Classifier, NoiseStream};
use tch::Tensor;

/// Attacks `batch` once, looks at what comes back, and reads off the outcome at each radius.
///
/// At radius r an image is what came back where that is wrong and at most r away in `norm`, and the
/// clean image elsewhere; without a radius it is what came back.
pub(super) fn shard(
    model: &dyn Classifier,
    batch: &Batch,
    attack: &dyn Attack,
    norm: Norm,
    radii: &[Option<f64>],
    noise: &NoiseStream,
) -> Result<Shard, AttackError> {
    sound(model, batch)?;
    let x = attack.perturb(model, batch, noise)?;
    let moved = budget::kept(attack, None, batch, &x)?;
    let wrong = |x: &Tensor| -> Result<Vec<bool>, AttackError> {
        Ok(Vec::try_from(predicted_classes(model, x)?.f_ne_tensor(&batch.y)?)?)
    };
    // Both are looked at again, whatever the attack believed.
    let (from_start, in_the_end) = (wrong(&batch.x)?, wrong(&x)?);
    let lengths = match norm {
        Norm::L2 => &moved.l2,
        Norm::LInf => &moved.linf,
    };
    let distances: Vec<Option<f64>> = from_start
        .iter()
        .zip(&in_the_end)
        .zip(lengths)
        .map(|((&from_start, &wrong), &length)| match (from_start, wrong) {
            (true, _) => Some(0.0),
            (false, true) => Some(length),
            (false, false) => None,
        })
        .collect();
    let outcomes = radii.iter().map(|&radius| match radius {
        None => Outcome {
            correct: in_the_end.iter().map(|wrong| !wrong).collect(),
            moved: Moved { l2: moved.l2.clone(), linf: moved.linf.clone() },
        },
        Some(radius) => within(radius, &distances, &moved),
    });
    Ok(Shard { outcomes: outcomes.collect(), distances: Some(distances) })
}

/// What the nearest errors are worth in a ball.
fn within(radius: f64, distances: &[Option<f64>], moved: &Moved) -> Outcome {
    let reach: Vec<bool> = distances.iter().map(|d| d.is_some_and(|d| d <= radius)).collect();
    // An image that is wrong from the start need not be moved, and is not.
    let walked = |lengths: &[f64]| {
        let pairs = lengths.iter().zip(distances.iter().zip(&reach));
        pairs.map(|(&length, (&d, &reach))| if reach && d > Some(0.0) { length } else { 0.0 }).collect()
    };
    Outcome {
        correct: reach.iter().map(|reach| !reach).collect(),
        moved: Moved { l2: walked(&moved.l2), linf: walked(&moved.linf) },
    }
}
