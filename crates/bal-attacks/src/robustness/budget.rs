//! Whether an attack kept to its radius and to images.

use super::made::Made;
use crate::{AttackError, EvaluationError, Measure, Norm};
use bal_core::Batch;
use tch::{Kind, TchError, Tensor};

/// What rounding may add to a distance up to 1, and to a pixel; single precision rounds by 6e-8.
const TOLERANCE: f64 = 1e-6;

/// How far each image was moved.
pub(super) struct Moved {
    pub(super) l2: Vec<f64>,
    pub(super) linf: Vec<f64>,
    /// How far its pixels were moved, of an attack that moves them.
    pub(super) size: Option<Vec<f64>>,
}

impl Moved {
    /// The distances in this measure.
    pub(super) fn by(&self, measure: Measure) -> &[f64] {
        match measure {
            Measure::Pixels(Norm::L2) => &self.l2,
            Measure::Pixels(Norm::LInf) => &self.linf,
            Measure::Spatial(_) => self.size.as_deref().unwrap_or_default(),
        }
    }
}

/// Refuses what went beyond this radius, or left `[0, 1]`, and measures the rest.
pub(super) fn kept(
    attack: &str,
    measure: Option<Measure>,
    radius: Option<f64>,
    batch: &Batch,
    made: &Made,
) -> Result<Moved, EvaluationError> {
    let name = || attack.to_string();
    let x = &made.x;
    if x.size() != batch.x.size() {
        return Err(AttackError::Shape { attack: name(), expected: batch.x.size(), found: x.size() }.into());
    }
    if let Some((image, low, high)) = outside_box(batch, x)? {
        return Err(EvaluationError::OutsideBox { attack: name(), image, low, high });
    }
    let change = x.f_to_kind(Kind::Double)?.f_sub(&batch.x.f_to_kind(Kind::Double)?)?;
    let length = |norm: Norm| Vec::<f64>::try_from(norm.of_each(&change).reshape([-1]));
    let size = match (measure.and_then(Measure::spatial), &made.witness) {
        (Some(measure), Some(witness)) => Some(Vec::<f64>::try_from(measure.of_each(witness))?),
        (Some(measure), None) => return Err(EvaluationError::NoWitness { attack: name(), measure }),
        (None, _) => None,
    };
    let moved = Moved { l2: length(Norm::L2)?, linf: length(Norm::LInf)?, size };
    if let (Some(measure), Some(radius)) = (measure, radius) {
        let limit = radius + TOLERANCE * radius.max(1.0);
        let beyond = moved.by(measure).iter().zip(&batch.indices).find(|(d, _)| **d > limit);
        if let Some((&distance, &image)) = beyond {
            let attack = name();
            return Err(match measure {
                Measure::Pixels(norm) => {
                    EvaluationError::OutsideBall { attack, norm, radius, image, distance }
                }
                Measure::Spatial(measure) => {
                    EvaluationError::BeyondRadius { attack, measure, radius, image, size: distance }
                }
            });
        }
    }
    Ok(moved)
}

/// Refuses data that are no images, before an attack is blamed for them.
pub(super) fn are_images(batch: &Batch) -> Result<(), EvaluationError> {
    match outside_box(batch, &batch.x)? {
        Some((image, ..)) => Err(EvaluationError::Pixels { image }),
        None => Ok(()),
    }
}

/// The first image with a pixel that is not in `[0, 1]`, or not a number: its number and range.
fn outside_box(batch: &Batch, x: &Tensor) -> Result<Option<(i64, f64, f64)>, TchError> {
    let rows = x.f_reshape([x.size().first().copied().unwrap_or(0), -1])?.f_to_kind(Kind::Double)?;
    let (low, high) = rows.f_aminmax(1, false)?;
    let (low, high) = (Vec::<f64>::try_from(low)?, Vec::<f64>::try_from(high)?);
    let ranges = batch.indices.iter().zip(low.iter().zip(&high));
    // NaN is in no range.
    let inside = |low: f64, high: f64| low >= -TOLERANCE && high <= 1.0 + TOLERANCE;
    Ok(ranges.map(|(&image, (&low, &high))| (image, low, high)).find(|&(_, low, high)| !inside(low, high)))
}
