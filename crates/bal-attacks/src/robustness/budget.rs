//! Whether an attack kept to its ball and to images.

use crate::{AttackError, EvaluationError, Norm};
use bal_core::Batch;
use tch::{Kind, TchError, Tensor};

/// What rounding may add to a distance up to 1, and to a pixel; single precision rounds by 6e-8.
const TOLERANCE: f64 = 1e-6;

/// How far each image was moved.
pub(super) struct Moved {
    pub(super) l2: Vec<f64>,
    pub(super) linf: Vec<f64>,
}

/// Refuses what left the ball of this norm and radius, or `[0, 1]`, and measures the rest.
pub(super) fn kept(
    attack: &str,
    norm: Option<Norm>,
    radius: Option<f64>,
    batch: &Batch,
    x: &Tensor,
) -> Result<Moved, EvaluationError> {
    let name = || attack.to_string();
    if x.size() != batch.x.size() {
        return Err(AttackError::Shape { attack: name(), expected: batch.x.size(), found: x.size() }.into());
    }
    if let Some((image, low, high)) = outside_box(batch, x)? {
        return Err(EvaluationError::OutsideBox { attack: name(), image, low, high });
    }
    let change = x.f_to_kind(Kind::Double)?.f_sub(&batch.x.f_to_kind(Kind::Double)?)?;
    let length = |norm: Norm| Vec::<f64>::try_from(norm.of_each(&change).reshape([-1]));
    let moved = Moved { l2: length(Norm::L2)?, linf: length(Norm::LInf)? };
    if let (Some(norm), Some(radius)) = (norm, radius) {
        let lengths = match norm {
            Norm::L2 => &moved.l2,
            Norm::LInf => &moved.linf,
        };
        let limit = radius + TOLERANCE * radius.max(1.0);
        if let Some((&distance, &image)) = lengths.iter().zip(&batch.indices).find(|(d, _)| **d > limit) {
            return Err(EvaluationError::OutsideBall { attack: name(), norm, radius, image, distance });
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
