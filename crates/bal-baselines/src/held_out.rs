//! The accuracy of a posterior on images that nobody attacked.

use bal_core::{Classifier, ClassifierError, Images, Shared, Workers};
use bal_models::Ensemble;

/// Share of `images` that `model` classifies rightly; `None` without images.
///
/// # Errors
/// [`ClassifierError`] when the model does not take such images.
pub fn accuracy(
    model: &Ensemble,
    images: &Images,
    workers: &Workers,
) -> Result<Option<f64>, ClassifierError> {
    if images.is_empty() {
        return Ok(None);
    }
    let shared = Shared::new(SharedModel(model.replicate()));
    let tasks = images.in_order(workers.together(), i64::MAX).collect();
    let right = workers.map(tasks, |batch: bal_core::Batch| {
        let predicted = shared.replica().0.logits(&batch.x)?.argmax(-1, false);
        Ok(predicted.eq_tensor(batch.classes()?).sum(tch::Kind::Int64).int64_value(&[]))
    });
    let right: Result<Vec<i64>, ClassifierError> = right.into_iter().collect();
    Ok(Some(right?.iter().sum::<i64>() as f64 / images.len() as f64))
}

struct SharedModel(Box<dyn Classifier>);

impl bal_core::Replicate for SharedModel {
    fn replicate(&self) -> Self {
        Self(self.0.replicate())
    }
}
