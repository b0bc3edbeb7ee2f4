//! A model's answers, checked before anything is computed from them.

use crate::ModelFault;
use bal_core::{Batch, Classifier, channels_last};
use tch::Tensor;

/// The classes that the model's combined prediction prefers for `x`, `[n, c, h, w]`, as `[n]`.
///
/// # Errors
/// [`ModelFault::Model`], and [`ModelFault::Logits`] or [`ModelFault::NotFinite`] when the logits
/// are not what they should be.
pub fn predicted_classes(model: &dyn Classifier, x: &Tensor) -> Result<Tensor, ModelFault> {
    let _guard = tch::no_grad_guard();
    let logits = combined(model, &channels_last(x))?;
    finite("logit", &logits)?;
    Ok(logits.f_argmax(-1, false)?)
}

/// The combined prediction, `[n, classes]`.
pub(crate) fn combined(model: &dyn Classifier, x: &Tensor) -> Result<Tensor, ModelFault> {
    let logits = model.logits(x)?;
    let (images, classes) = (rows(x), model.classes());
    if logits.size() == [images, classes] {
        Ok(logits)
    } else {
        Err(ModelFault::Logits { expected: format!("[{images}, {classes}]"), found: logits.size() })
    }
}

/// Every member's raw logits, `[S, n, classes]`.
pub(crate) fn of_members(model: &dyn Classifier, x: &Tensor) -> Result<Tensor, ModelFault> {
    let logits = model.member_logits(x)?;
    let (images, classes) = (rows(x), model.classes());
    match logits.size()[..] {
        [members, n, k] if members > 0 && n == images && k == classes => Ok(logits),
        _ => Err(ModelFault::Logits {
            expected: format!("[members, {images}, {classes}]"),
            found: logits.size(),
        }),
    }
}

/// Refuses labels that are no classes of the model: LibTorch would read beyond the logits.
pub(crate) fn labels_fit(y: &Tensor, classes: i64) -> Result<(), ModelFault> {
    let labels = Vec::<i64>::try_from(y)?;
    match labels.iter().position(|label| !(0..classes).contains(label)) {
        Some(row) => Err(ModelFault::Label { row, label: labels[row], classes }),
        None => Ok(()),
    }
}

/// Refuses a batch whose images, labels and numbers are not as many.
pub(crate) fn whole(batch: &Batch) -> Result<(), ModelFault> {
    let (images, labels, indices) = (batch.x.size(), batch.classes()?.size(), batch.indices.len());
    let n = indices as i64;
    if n > 0 && images.len() == 4 && images[0] == n && labels == [n] {
        Ok(())
    } else {
        Err(ModelFault::Batch { images, labels, indices })
    }
}

/// Refuses `values`, one row per image, when they are not all finite.
pub(crate) fn finite(what: &'static str, values: &Tensor) -> Result<(), ModelFault> {
    let each = values.f_isfinite()?.f_reshape([rows(values), -1])?.f_all_dim(1, false)?;
    let finite = Vec::<bool>::try_from(each)?;
    match finite.iter().position(|&finite| !finite) {
        Some(row) => Err(ModelFault::NotFinite { what, row }),
        None => Ok(()),
    }
}

fn rows(x: &Tensor) -> i64 {
    x.size().first().copied().unwrap_or(0)
}
