//! A model's answers, checked before anything is computed from them.

use crate::ModelFault;
use bal_core::{Batch, Classifier, channels_last};
use std::cell::RefCell;
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

/// Labels that were read, and for how many classes they are.
struct Fit {
    labels: Tensor,
    version: i64,
    classes: i64,
}

impl Fit {
    /// Whether it is of these numbers: in the same memory, which is held and so is no other tensor's, and not written to since.
    fn is_of(&self, y: &Tensor, classes: i64) -> bool {
        let place = |y: &Tensor| (y.data_ptr(), y.size(), y.stride(), y.kind(), y.device());
        self.classes == classes
            && place(&self.labels) == place(y)
            && y.f_internal_version().is_ok_and(|version| version == self.version)
    }
}

thread_local! {
    /// The labels that this thread has read last.
    static READ: RefCell<Option<Fit>> = const { RefCell::new(None) };
}

/// Refuses labels that are no classes of the model: LibTorch would read beyond the logits.
///
/// An attack asks in each of its steps, about the same labels. They are read once: a read waits for the device.
pub(crate) fn labels_fit(y: &Tensor, classes: i64) -> Result<(), ModelFault> {
    if READ.with_borrow(|read| read.as_ref().is_some_and(|fit| fit.is_of(y, classes))) {
        return Ok(());
    }
    let labels = Vec::<i64>::try_from(y)?;
    if let Some(row) = labels.iter().position(|label| !(0..classes).contains(label)) {
        return Err(ModelFault::Label { row, label: labels[row], classes });
    }
    if let Ok(version) = y.f_internal_version() {
        READ.set(Some(Fit { labels: y.shallow_clone(), version, classes }));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_were_read_are_read_again_when_they_are_others() {
        let y = Tensor::from_slice(&[0i64, 2, 1]);
        assert!(labels_fit(&y, 3).is_ok() && labels_fit(&y.shallow_clone(), 3).is_ok());
        assert!(READ.with_borrow(|read| read.as_ref().unwrap().is_of(&y, 3)));
        // Fewer classes, part of them, and others in the same memory.
        assert!(matches!(labels_fit(&y, 2), Err(ModelFault::Label { row: 1, label: 2, classes: 2 })));
        assert!(labels_fit(&y, 3).is_ok());
        assert!(matches!(labels_fit(&y.narrow(0, 1, 2), 2), Err(ModelFault::Label { row: 0, .. })));
        assert!(labels_fit(&y, 3).is_ok());
        let _ = y.get(0).fill_(7);
        assert!(matches!(labels_fit(&y, 3), Err(ModelFault::Label { row: 0, label: 7, classes: 3 })));
        let _ = y.get(0).fill_(0);
        assert!(labels_fit(&y, 3).is_ok());
        // A tensor that is gone leaves no memory that another's labels could be taken for.
        drop(y);
        let other = Tensor::from_slice(&[0i64, 9, 1]);
        assert!(matches!(labels_fit(&other, 3), Err(ModelFault::Label { row: 1, label: 9, .. })));
    }
}
