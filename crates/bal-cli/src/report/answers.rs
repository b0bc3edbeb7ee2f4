//! What a classifier says of images, and how sure it is.

use anyhow::Result;
use bal_attacks::SHARD;
use bal_core::{Classifier, ClassifierError, Images, Replicate, Shared, Uncertainty, Workers};
use bal_page::Seen;
use bal_report::Answer;
use tch::{Kind, Tensor};

/// A model that tasks may copy.
struct Model(Box<dyn Classifier>);

impl Replicate for Model {
    fn replicate(&self) -> Self {
        Self(self.0.replicate())
    }
}

/// One answer for each image, in their order, whatever the number of workers.
pub(super) fn of_images(
    classifier: &dyn Classifier,
    images: &Images,
    workers: &Workers,
) -> Result<Vec<Seen>> {
    let model = Shared::new(Model(classifier.replicate()));
    let tasks = images.in_order(SHARD, i64::MAX).collect();
    let parts =
        workers.map(tasks, |batch: bal_core::Batch| of_batch(&*model.replica().0, &batch.x, &batch.y));
    Ok(parts.into_iter().collect::<Result<Vec<_>>>()?.concat())
}

/// The same of `x`, `[n, c, h, w]`, whose labels are `y`, `[n]`.
fn of_batch(classifier: &dyn Classifier, x: &Tensor, y: &Tensor) -> Result<Vec<Seen>> {
    let logits = tch::no_grad(|| -> Result<Tensor, ClassifierError> { classifier.member_logits(x) })?;
    let uncertainty = Uncertainty::of(&logits);
    let combined = classifier.prediction().combine(&logits).to_kind(Kind::Double);
    let probabilities = combined.softmax(-1, Kind::Double);
    let classes = classifier.classes() as usize;
    let probabilities = Vec::<f64>::try_from(probabilities.f_contiguous()?.f_reshape([-1])?)?;
    let labels = Vec::<i64>::try_from(y)?;
    let entropy = Vec::<f64>::try_from(&uncertainty.predictive_entropy)?;
    let information = Vec::<f64>::try_from(&uncertainty.mutual_information)?;
    let rows = probabilities.chunks(classes).zip(labels).zip(entropy).zip(information);
    let seen = |(((row, label), predictive_entropy), mutual_information): (((&[f64], i64), f64), f64)| Seen {
        answer: Answer { probabilities: row.to_vec(), label: label as usize },
        predictive_entropy,
        mutual_information,
    };
    Ok(rows.map(seen).collect())
}
