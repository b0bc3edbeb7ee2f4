//! What the adversary raises and the learner lowers.

use crate::{Batch, Forward};
use tch::Tensor;

/// The stakes of the game, as functions of what a network says of adversarial images.
///
/// Both are `l` where the game is zero-sum, as in the paper's classification.
///
/// Source: Ye & Zhu, NeurIPS 2018, section 2.
pub trait Objective: Send + Sync + std::fmt::Debug {
    /// What the generator raises, `[n]`; rows do not meet.
    fn deviation(&self, forward: &Forward, clean: &Batch) -> Tensor;

    /// What the learner lowers, summed over images, `[]`.
    fn loss(&self, forward: &Forward, clean: &Batch) -> Tensor;

    /// [`Self::deviation`] of several networks, `[S, n]`, of their logits, `[S, n, classes]`. Provided: one after another.
    fn deviations(&self, logits: &Tensor, clean: &Batch) -> Tensor {
        Tensor::stack(&each(logits, |forward| self.deviation(forward, clean)), 0)
    }

    /// [`Self::loss`] of several networks, `[S]`, of their logits, `[S, n, classes]`. Provided: one after another.
    fn losses(&self, logits: &Tensor, clean: &Batch) -> Tensor {
        Tensor::stack(&each(logits, |forward| self.loss(forward, clean)), 0)
    }
}

fn each(logits: &Tensor, of: impl Fn(&Forward) -> Tensor) -> Vec<Tensor> {
    logits.unbind(0).into_iter().map(|logits| of(&Forward { logits, buffers: None })).collect()
}
