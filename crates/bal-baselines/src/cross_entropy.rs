//! The loss of classification.

use bal_core::{Batch, Forward, Objective};
use tch::{Kind, Reduction, Tensor};

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

    fn deviations(&self, logits: &Tensor, clean: &Batch) -> Tensor {
        let classes = clean.classes().expect("cross-entropy is of images that have classes");
        let networks = logits.size()[0];
        let flat = logits.flatten(0, 1).cross_entropy_loss::<Tensor>(
            &classes.repeat([networks]),
            None,
            Reduction::None,
            -100,
            0.0,
        );
        flat.unflatten(0, [networks, -1])
    }

    fn losses(&self, logits: &Tensor, clean: &Batch) -> Tensor {
        self.deviations(logits, clean).sum_dim_intlist(1, false, Kind::Float)
    }
}
