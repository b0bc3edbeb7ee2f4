//! What of the data is sampled, and how it becomes images.

use crate::{Batch, NoiseStream, Position, gradients};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// The adversary's side of the game: what its chains move, the images that these stand for, and what they cost.
///
/// A chain's position has a row per clean image, and rows do not meet: an image's chain does not depend on its
/// neighbours in the batch.
///
/// Source: Ye & Zhu, NeurIPS 2018, section 2, the data generator `p(x~ | x, w)`.
pub trait Generator: Send + Sync + std::fmt::Debug {
    /// Where chains on these images begin: at the clean images themselves, or at a random place beside them, for which
    /// `noise` has a stream for each image.
    fn start(&self, clean: &Batch, noise: &mut NoiseStream) -> Position;

    /// This generator as it is in sweep number `sweep`, counted from 1, where it changes over a run. Provided: it does not.
    fn in_sweep(&self, _sweep: u64) -> Option<Arc<dyn Generator>> {
        None
    }

    /// Whether the density is 0 somewhere, so that [`Generator::confine`] has something to do.
    fn is_confined(&self) -> bool {
        false
    }

    /// Brings what a step made of `before` back to where the density is not 0. Provided for a density that is nowhere 0.
    fn confine(&self, _clean: &Batch, _before: &Position, _after: &mut Position) {}

    /// The adversarial images, `[n, c, h, w]`; differentiable in `at`.
    fn images(&self, at: &Position, clean: &Batch) -> Tensor;

    /// What they cost, `[n]`, at least 0 and 0 at the clean images; differentiable in `at`.
    fn cost(&self, at: &Position, clean: &Batch) -> Tensor;

    /// The largest curvature of the cost, where it is known: what a step's length is checked against.
    fn curvature(&self) -> Option<f64>;

    /// The gradient of the cost, summed over images. Provided by automatic differentiation.
    fn cost_gradient(&self, at: &Position, clean: &Batch) -> Position {
        differentiate(at, |at| self.cost(at, clean).sum(Kind::Float))
    }

    /// The gradient in `at` of a function of the images whose gradient in them is `gradient`, `[n, c, h, w]`. Provided by
    /// automatic differentiation.
    fn pull_back(&self, at: &Position, clean: &Batch, gradient: &Tensor) -> Position {
        differentiate(at, |at| (self.images(at, clean) * gradient).sum(Kind::Float))
    }
}

fn differentiate(at: &Position, total: impl FnOnce(&Position) -> Tensor) -> Position {
    let leaves: Vec<Tensor> = at.tensors().iter().map(|t| t.detach().set_requires_grad(true)).collect();
    let total = total(&Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect()));
    Position::new(gradients(&total, &leaves))
}
