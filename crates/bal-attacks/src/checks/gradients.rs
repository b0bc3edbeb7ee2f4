//! Gradients that are zero, not finite, or not there.

use super::{Finding, Severity};
use crate::{ModelFault, Objective};
use bal_core::{Batch, Classifier, EnsembleGradient, SHARD};
use tch::{Kind, Tensor};

/// The share of images without a usable gradient that is passed over.
const TOLERATED: f64 = 0.01;

/// The share from which on an attack measures nothing.
const FAULT: f64 = 0.1;

/// Fires when the gradient of the loss is zero in every pixel, or not finite, on more than 1 % of the
/// images, or when there is none.
///
/// # Errors
/// [`ModelFault`] when the model fails otherwise, or the batch does not fit it.
pub fn gradients(
    model: &dyn Classifier,
    batch: &Batch,
    ensemble_gradient: EnsembleGradient,
) -> Result<Option<Finding>, ModelFault> {
    let mut counts = Counts::default();
    for shard in batch.shards(SHARD) {
        match of(model, &shard, ensemble_gradient) {
            Ok(found) => counts.add(&found),
            Err(ModelFault::NoGradient) => return Ok(Some(none())),
            // One bad image hides the others of its batch: go through them one by one.
            Err(ModelFault::NotFinite { .. }) => {
                for image in shard.shards(1) {
                    match of(model, &image, ensemble_gradient) {
                        Ok(found) => counts.add(&found),
                        Err(ModelFault::NotFinite { .. }) => counts.wild += 1,
                        Err(other) => return Err(other),
                    }
                }
            }
            Err(other) => return Err(other),
        }
    }
    let share = |count: i64| count as f64 / batch.len().max(1) as f64;
    let (zero, wild) = (share(counts.zero), share(counts.wild));
    Ok((zero + wild > TOLERATED).then(|| Finding {
        check: "gradients",
        severity: if zero + wild >= FAULT { Severity::Fault } else { Severity::Warning },
        numbers: vec![("share_zero", zero), ("share_not_finite", wild)],
        sentence: format!(
            "the gradient of the loss is zero in every pixel on {:.1} % of the images and not finite on {:.1} %: no \
             gradient attack moves them where it should",
            100.0 * zero,
            100.0 * wild
        ),
        anchor: "zero-or-non-finite-gradients",
    }))
}

#[derive(Default)]
struct Counts {
    zero: i64,
    wild: i64,
}

impl Counts {
    fn add(&mut self, gradient: &Tensor) {
        self.zero += gradient.flatten(1, -1).abs().amax([1], false).eq(0.0).sum(Kind::Int64).int64_value(&[]);
    }
}

fn of(model: &dyn Classifier, batch: &Batch, seen: EnsembleGradient) -> Result<Tensor, ModelFault> {
    Ok(Objective::CrossEntropy.ascend(model, &batch.x, batch.classes()?, seen)?.1)
}

fn none() -> Finding {
    Finding {
        check: "gradients",
        severity: Severity::Fault,
        numbers: vec![("share_zero", 1.0), ("share_not_finite", 0.0)],
        sentence: "no gradient reaches the images: the model computes outside of automatic differentiation"
            .into(),
        anchor: "zero-or-non-finite-gradients",
    }
}
