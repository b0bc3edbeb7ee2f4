//! The energies of all parameter chains on a batch in one launch.

use crate::{NetworkMode, PriorEnergy, risk::Term};
use bal_core::{
    Architecture, BlockEnergy, BlockEvaluation, Mode, NoiseStream, Objective, Position, Replicate, Stacked,
    gradients,
};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// [`crate::Risk`] of several chains of one network, without batch statistics, on a batch that is not cut.
pub struct Risks {
    /// The network.
    pub network: Arc<dyn Architecture>,
    /// What is lowered.
    pub objective: Arc<dyn Objective>,
    /// The batch; all terms are about the same images.
    pub terms: Vec<Term>,
    /// Whether dropout acts; its masks come from the noise that is given, which has a stream for each chain and image.
    pub mode: NetworkMode,
    /// The buffers of all chains, stacked.
    pub buffers: Position,
    /// The prior's part of each chain.
    pub priors: Vec<PriorEnergy>,
}

impl BlockEnergy for Risks {
    fn gradient(&self, at: &Position, noise: &mut NoiseStream) -> BlockEvaluation {
        let leaves: Vec<Tensor> = at.tensors().iter().map(|w| w.detach().set_requires_grad(true)).collect();
        let weights = Stacked {
            parameters: Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect()),
            buffers: self.buffers.replicate(),
        };
        let (mut losses, mut gradient) = (None, None);
        for term in &self.terms {
            let mode = match self.mode {
                NetworkMode::Evaluate => Mode::Evaluate,
                NetworkMode::Train => Mode::Train { masks: noise },
            };
            let logits = self.network.forward_stacked(&weights, &term.x, mode);
            let each = self.objective.losses(&logits, &term.clean) * term.weight;
            let ascent = Position::new(gradients(&each.sum(Kind::Float), &leaves));
            let each = each.detach().to_kind(Kind::Double);
            (losses, gradient) = match (losses, gradient) {
                (Some(sum), Some(all)) => {
                    let mut all: Position = all;
                    all.accumulate(&ascent);
                    (Some(sum + each), Some(all))
                }
                _ => (Some(each), Some(ascent)),
            };
        }
        let none = || Tensor::zeros([weights.chains()], (Kind::Double, at.first().device()));
        let (losses, mut gradient) =
            (losses.unwrap_or_else(none), gradient.unwrap_or_else(|| at.full_like(0.0)));
        let energies = match PriorEnergy::of_all(&self.priors, at, &mut gradient) {
            Some(prior) => &losses + prior,
            None => losses.shallow_clone(),
        };
        BlockEvaluation { energies, losses: Some(losses), gradient }
    }
}
