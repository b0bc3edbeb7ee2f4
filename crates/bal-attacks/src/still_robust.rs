//! The images that are still robust: the model classifies them correctly, so an attack goes on with them.

use crate::{AttackError, ModelFault, gradient, logits, pass::Pass, predicted_classes};
use bal_core::{Batch, Classifier, channels_last};
use tch::{Kind, Tensor, kind::Element};

/// The images of a batch that are still robust, with the model's answers.
///
/// The result of an image does not depend on the other images; attacks leave out those that are finished. Errors name the
/// rows of the whole batch.
pub(crate) struct StillRobust {
    /// The images' rows in the batch that was given.
    rows: Vec<i64>,
    /// Images, `[m, c, h, w]`.
    pub(crate) x: Tensor,
    /// Labels, `[m]`.
    pub(crate) y: Tensor,
    /// The images' numbers in their data set.
    pub(crate) indices: Vec<i64>,
    /// The combined prediction for `x`, `[m, classes]`.
    pub(crate) logits: Tensor,
}

/// A function of the combined logits, at some images.
pub(crate) struct Slope {
    /// The combined logits, `[m, classes]`.
    pub(crate) logits: Tensor,
    /// The function's values, `[m]`.
    pub(crate) value: Tensor,
    /// Each value's gradient with respect to its own image, shaped as the images.
    pub(crate) gradient: Tensor,
}

/// Runs `attack` on the images of a batch that the model has right and leaves the others as they are.
///
/// `attack` gives an image for each that stands. The result is shaped as `batch.x`; what is changed in it
/// is wrong among all images of the batch.
///
/// # Errors
/// [`ModelFault::Batch`], [`ModelFault::Label`], those of the model on the clean images, and those
/// of `attack`.
pub(crate) fn on_still_robust(
    model: &dyn Classifier,
    batch: &Batch,
    attack: impl FnOnce(&StillRobust) -> Result<Tensor, ModelFault>,
) -> Result<Tensor, AttackError> {
    let pixels =
        Points { still: batch.x.detach(), images: &Tensor::shallow_clone, bounded: &|x| x.clamp(0.0, 1.0) };
    on_still_robust_by(model, batch, &pixels, attack)
}

/// What an attack looks for: images, or what moves their pixels.
pub(crate) struct Points<'a> {
    /// The points of the images as they are, `[n, .., .., ..]`.
    pub(crate) still: Tensor,
    /// The images of the batch at these points.
    pub(crate) images: &'a dyn Fn(&Tensor) -> Tensor,
    /// The nearest points that may be.
    pub(crate) bounded: &'a dyn Fn(&Tensor) -> Tensor,
}

/// The same, of an attack that gives points instead of images.
///
/// # Errors
/// Those of [`on_still_robust`].
pub(crate) fn on_still_robust_by(
    model: &dyn Classifier,
    batch: &Batch,
    points: &Points,
    attack: impl FnOnce(&StillRobust) -> Result<Tensor, ModelFault>,
) -> Result<Tensor, AttackError> {
    let robust = StillRobust::of(model, batch)?;
    if robust.is_empty() {
        return Ok(points.still.shallow_clone());
    }
    let changed = attack(&robust)?;
    let changed = points.still.index_copy(0, &beside(&batch.x, &robust.rows), &changed);
    Ok(confirmed(model, batch, points, changed)?)
}

/// How much longer a change is made when the model has its image right after all.
const STRETCHES: [f64; 3] = [1e-4, 1e-3, 1e-2];

/// Points whose images the model has wrong among all images of the batch, and still ones.
///
/// The last bits of a matrix product depend on how many rows it has, and attacks look at fewer images
/// than they were given, at points on the boundary. A change that is not enough for the whole batch is
/// made a little longer, and is given up where that does not help.
fn confirmed(
    model: &dyn Classifier,
    batch: &Batch,
    points: &Points,
    mut x: Tensor,
) -> Result<Tensor, ModelFault> {
    let clean = &points.still;
    let right = |x: &Tensor| -> Result<Tensor, ModelFault> {
        let moved = (x - clean).abs().amax(&[1i64, 2, 3][..], false).gt(0.0);
        Ok(predicted_classes(model, &(points.images)(x))?.eq_tensor(batch.classes()?).logical_and(&moved))
    };
    for stretch in STRETCHES {
        let missed = right(&x)?;
        if positions(&missed).is_empty() {
            return Ok(x);
        }
        let longer = (points.bounded)(&(&x + (&x - clean) * stretch));
        x = longer.where_self(&per_image(&missed), &x);
    }
    let missed = right(&x)?;
    Ok(clean.where_self(&per_image(&missed), &x))
}

impl StillRobust {
    fn of(model: &dyn Classifier, batch: &Batch) -> Result<Self, ModelFault> {
        logits::whole(batch)?;
        let y = batch.classes()?.detach();
        logits::labels_fit(&y, model.classes())?;
        let rows = (0..batch.len() as i64).collect();
        let x = batch.x.detach();
        let mut all = Self { rows, x, y, indices: batch.indices.clone(), logits: Tensor::new() };
        all.logits = all.logits_at(model, &all.x)?;
        let right = all.logits.argmax(-1, false).eq_tensor(&all.y);
        // Where there is one class, nothing is wrong.
        let sought = if model.classes() > 1 { right } else { right.zeros_like() };
        Ok(all.only(&positions(&sought)))
    }

    /// Number of images.
    pub(crate) fn len(&self) -> i64 {
        self.rows.len() as i64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The images at these positions, in this order; `positions`: `[k]`.
    pub(crate) fn only(&self, positions: &[i64]) -> Self {
        let index = beside(&self.x, positions);
        let of = |values: &[i64]| positions.iter().map(|&p| values[p as usize]).collect();
        Self {
            rows: of(&self.rows),
            x: self.x.index_select(0, &index),
            y: self.y.index_select(0, &index),
            indices: of(&self.indices),
            logits: self.logits.index_select(0, &index),
        }
    }

    /// The model's combined logits for changed images, `[m, c, h, w]`, without a graph.
    pub(crate) fn logits_at(&self, model: &dyn Classifier, x: &Tensor) -> Result<Tensor, ModelFault> {
        let _guard = tch::no_grad_guard();
        let logits = logits::combined(model, &channels_last(x))?;
        logits::finite("logit", &logits).map_err(|error| self.by_row(error))?;
        Ok(logits)
    }

    /// Whether the model gets changed images wrong, `[m]`.
    pub(crate) fn fooled(&self, model: &dyn Classifier, x: &Tensor) -> Result<Tensor, ModelFault> {
        Ok(self.logits_at(model, x)?.argmax(-1, false).ne_tensor(&self.y))
    }

    /// One forward and one backward pass: `of` the logits, `[m]`, and its gradients at `x`.
    pub(crate) fn slope(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        of: impl FnOnce(&Tensor) -> Tensor,
    ) -> Result<Slope, ModelFault> {
        let pass = Pass::over(model, &gradient::leaf(x))?;
        let logits = pass.answer()?;
        // A maximum or a hinge hides what is not a number.
        logits::finite("logit", &logits).map_err(|error| self.by_row(error))?;
        let value = of(&pass.combined()?);
        let gradient = pass.rise(&value, false, None).map_err(|error| self.by_row(error))?.gradient(None);
        Ok(Slope { logits, value: value.detach().to_kind(gradient.kind()), gradient })
    }

    /// Names the row of the batch instead of that among these images.
    pub(crate) fn by_row(&self, error: ModelFault) -> ModelFault {
        match error {
            ModelFault::NotFinite { what, row } => {
                ModelFault::NotFinite { what, row: self.rows.get(row).map_or(row, |&row| row as usize) }
            }
            other => other,
        }
    }
}

/// Numbers or flags, one per row, on the device of `like`.
pub(crate) fn beside<T: Element>(like: &Tensor, values: &[T]) -> Tensor {
    Tensor::from_slice(values).to_device(like.device())
}

/// Where a mask, `[m]`, is true.
pub(crate) fn positions(mask: &Tensor) -> Vec<i64> {
    let flags = Vec::<bool>::try_from(mask).unwrap_or_default();
    flags.iter().enumerate().filter(|(_, flag)| **flag).map(|(row, _)| row as i64).collect()
}

/// The sum of each image's values, as `[m, 1, 1, 1]`.
pub(crate) fn sum_of_each(x: &Tensor) -> Tensor {
    x.sum_dim_intlist(&[1i64, 2, 3][..], true, None::<Kind>)
}

/// One number or flag per image, `[m]`, so that it acts on images, `[m, c, h, w]`.
pub(crate) fn per_image(values: &Tensor) -> Tensor {
    values.reshape([-1, 1, 1, 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{batch, linear};
    use bal_core::Prediction;

    /// Class 1 where the only pixel is above a half.
    fn threshold() -> crate::tests::Linear {
        linear(&[[[0.0], [1.0]]], &[[0.0, -0.5]], Prediction::MeanLogits)
    }

    #[test]
    fn only_images_that_the_model_has_right_are_attacked() {
        let batch = batch(&[&[0.2], &[0.3], &[0.8], &[0.9]], &[0, 1, 0, 1]);
        let changed = on_still_robust(&threshold(), &batch, |robust| {
            assert_eq!((robust.len(), &robust.indices[..]), (2, &[0, 3][..]));
            Ok(1.1 - &robust.x)
        });
        let changed = Vec::<f32>::try_from(changed.unwrap().reshape([-1])).unwrap();
        assert!(changed.iter().zip([0.9, 0.3, 0.8, 0.2]).all(|(x, y)| (x - y).abs() < 1e-6), "{changed:?}");
    }

    #[test]
    fn a_change_that_falls_a_little_short_is_stretched_and_one_that_is_not_enough_given_up() {
        let batch = batch(&[&[0.2], &[0.2], &[0.2]], &[0, 0, 0]);
        let changed = on_still_robust(&threshold(), &batch, |_| {
            Ok(Tensor::from_slice(&[0.499_99f32, 0.45, 0.6]).reshape([3, 1, 1, 1]))
        });
        let changed = Vec::<f32>::try_from(changed.unwrap().reshape([-1])).unwrap();
        assert!((changed[0] - 0.500_02).abs() < 1e-5 && changed[1..] == [0.2, 0.6], "{changed:?}");
    }

    #[test]
    fn a_row_is_named_by_its_place_in_the_batch() {
        let batch = batch(&[&[0.2], &[0.3], &[0.8], &[0.9]], &[1, 0, 1, 1]);
        let error = on_still_robust(&threshold(), &batch, |robust| {
            let x = Tensor::from_slice(&[0.1f32, 0.2, f32::NAN]).reshape([3, 1, 1, 1]);
            robust.only(&[1, 2]).fooled(&threshold(), &x.narrow(0, 1, 2))
        });
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "the model gives image 3 of the batch a logit that is not finite");
    }

    #[test]
    fn a_batch_that_is_all_wrong_comes_back() {
        let batch = batch(&[&[0.2], &[0.8]], &[1, 0]);
        let changed = on_still_robust(&threshold(), &batch, |_| panic!("nothing stands"));
        assert_eq!(changed.unwrap(), batch.x);
    }
}
