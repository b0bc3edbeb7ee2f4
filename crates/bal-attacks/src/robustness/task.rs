//! What is attacked, and what a model says of it.

use super::budget;
use crate::{Attack, EvaluationError, logits, predicted_classes};
use bal_core::{Batch, Classifier, NoiseStream};
use tch::Tensor;

/// Images to attack, and how.
pub(super) struct Task<'a> {
    pub(super) model: &'a dyn Classifier,
    pub(super) batch: &'a Batch,
    pub(super) attack: &'a Attack,
    pub(super) radii: &'a [Option<f64>],
    pub(super) noise: &'a NoiseStream,
}

/// Refuses images and labels that cannot be attacked.
pub(super) fn sound(model: &dyn Classifier, batch: &Batch) -> Result<(), EvaluationError> {
    logits::whole(batch)?;
    logits::labels_fit(batch.classes()?, model.classes())?;
    budget::are_images(batch)
}

/// The model's classes for images.
pub(super) fn classes(model: &dyn Classifier, x: &Tensor) -> Result<Vec<i64>, EvaluationError> {
    Ok(Vec::try_from(predicted_classes(model, x)?)?)
}

/// The rows of `x` where `taken`, and those of `others` elsewhere.
pub(super) fn chosen(taken: &[bool], x: &Tensor, others: &Tensor) -> Result<Tensor, EvaluationError> {
    let mut rows = vec![1; x.dim()];
    rows[0] = -1;
    let taken = Tensor::f_from_slice(taken)?.f_to_device(x.device())?.f_reshape(rows)?;
    Ok(x.f_where_self(&taken, others)?)
}
