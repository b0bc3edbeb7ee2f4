//! What an attack that seeks the nearest error says of all radii at once.

use super::budget::{self, Moved};
use super::made::Made;
use super::outcome::{Attacked, Outcome};
use super::task::{Task, chosen, classes};
use crate::{EvaluationError, Measure};

/// Looks at what an attack made of the images once, and reads off the outcome at each radius.
///
/// At radius r an image is what came back where that is wrong and at most r away in the `measure` of the attack, and the
/// clean image elsewhere; without a radius it is what came back. The images have these `labels` and, as
/// they are, `clean` classes.
pub(super) fn read_off(
    task: &Task,
    made: &Made,
    measure: Measure,
    labels: &[i64],
    clean: &[i64],
) -> Result<Attacked, EvaluationError> {
    let Task { model, batch, radii, .. } = task;
    let x = &made.x;
    let moved = budget::kept(task.attack.name(), Some(measure), None, batch, made)?;
    // Looked at again, whatever the attack believed.
    let predicted = classes(*model, x)?;
    let lengths = moved.by(measure);
    let distance = |row: usize| {
        let label = labels[row];
        match (clean[row] != label, predicted[row] != label) {
            (true, _) => Some(0.0),
            (false, true) => Some(lengths[row]),
            (false, false) => None,
        }
    };
    let distances: Vec<Option<f64>> = (0..batch.len()).map(distance).collect();
    let (mut outcomes, mut images, mut witness) = (vec![], vec![], vec![]);
    for radius in radii.iter().copied() {
        // An image that is wrong from the start need not be moved, and is not.
        let reached = |d: &Option<f64>| d.is_some_and(|d| d > 0.0 && radius.is_none_or(|radius| d <= radius));
        let broken: Vec<bool> = distances.iter().map(reached).collect();
        // Without a radius the image is what came back, error or not.
        let taken = if radius.is_some() { broken.clone() } else { vec![true; broken.len()] };
        outcomes.push(outcome(&taken, &broken, &predicted, clean, &moved));
        images.push(chosen(&taken, x, &batch.x)?);
        let moved_by = made.witness.iter().map(|moved| chosen(&taken, moved, &moved.zeros_like()));
        witness.extend(moved_by.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(Attacked { outcomes, x: images, witness, distances: Some(distances) })
}

/// The outcome where the images that are `taken` are changed and the others are clean.
fn outcome(taken: &[bool], broken: &[bool], predicted: &[i64], clean: &[i64], moved: &Moved) -> Outcome {
    let walked = |lengths: &[f64]| {
        taken.iter().zip(lengths).map(|(&taken, &length)| if taken { length } else { 0.0 }).collect()
    };
    let classes = taken.iter().zip(predicted.iter().zip(clean));
    Outcome {
        predicted: classes.map(|(&taken, (&changed, &clean))| if taken { changed } else { clean }).collect(),
        broken_by: broken.iter().map(|&broken| broken.then_some(0)).collect(),
        l2: walked(&moved.l2),
        linf: walked(&moved.linf),
        size: moved.size.as_deref().map(walked),
    }
}
