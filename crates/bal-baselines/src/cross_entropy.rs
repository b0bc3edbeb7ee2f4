//! The loss of classification.

use bal_core::{Batch, Forward, Objective};
use tch::{Reduction, Tensor};

/// Cross-entropy for both sides: a zero-sum game.
///
/// ```text
/// l(z_i, y_i; w) = -log softmax(f(z_i; w))_{y_i}
/// ```
///
/// # Panics
/// On a batch whose [targets](bal_core::Targets) are values.
#[derive(Clone, Copy, Debug)]
pub struct CrossEntropy;

impl CrossEntropy {
    fn reduced(forward: &Forward, clean: &Batch, reduction: Reduction) -> Tensor {
        let classes = clean.classes().expect("cross-entropy is of images that have classes");
        forward.logits.cross_entropy_loss::<Tensor>(classes, None, reduction, -100, 0.0)
    }
}

impl Objective for CrossEntropy {
    fn deviation(&self, forward: &Forward, clean: &Batch) -> Tensor {
        Self::reduced(forward, clean, Reduction::None)
    }

    fn loss(&self, forward: &Forward, clean: &Batch) -> Tensor {
        Self::reduced(forward, clean, Reduction::Sum)
    }
}
