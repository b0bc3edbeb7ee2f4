//! What an attack made of images, however it did.

use crate::{AttackError, EvaluationError, SpatialMeasure};
use bal_core::Batch;
use tch::{Kind, Tensor};

/// Changed images, and what moved their pixels, of an attack that moves them.
pub(super) struct Made {
    pub(super) x: Tensor,
    pub(super) witness: Option<Tensor>,
}

impl Made {
    /// Images as an attack gave them.
    pub(super) fn images(x: Tensor) -> Self {
        Self { x, witness: None }
    }

    /// The images that come of `witness`, which is checked, and kept in single precision.
    pub(super) fn rendered(
        attack: &str,
        measure: SpatialMeasure,
        batch: &Batch,
        witness: &Tensor,
    ) -> Result<Self, EvaluationError> {
        let (expected, found) = (measure.shape(&batch.x.size()), witness.size());
        if found != expected {
            return Err(AttackError::Shape { attack: attack.into(), expected, found }.into());
        }
        let witness = witness.f_detach()?.f_to_device(batch.x.device())?.f_to_kind(Kind::Float)?;
        let finite = Vec::<bool>::try_from(witness.f_flatten(1, -1)?.f_isfinite()?.f_all_dim(1, false)?)?;
        if let Some(row) = finite.iter().position(|finite| !finite) {
            let image = batch.indices[row];
            return Err(EvaluationError::NoMovement { attack: attack.into(), measure, image });
        }
        Ok(Self { x: measure.render(&batch.x, &witness), witness: Some(witness) })
    }

    /// Nothing moved.
    pub(super) fn still(measure: SpatialMeasure, batch: &Batch) -> Self {
        let witness = Tensor::zeros(measure.shape(&batch.x.size()), (Kind::Float, batch.x.device()));
        Self { x: batch.x.detach(), witness: Some(witness) }
    }
}
