//! The energies of all data chains of a batch in one launch.

use bal_core::{
    Architecture, Batch, BlockEnergy, BlockEvaluation, Generator, Mode, NoiseStream, Objective, Position,
    Stacked, channels_last, gradients,
};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// [`crate::DataEnergy`] of `S_z` chains for each image of a batch, given networks of one architecture: the chains of an image
/// are images of their own, and the networks see all of them at once.
pub struct DataEnergies {
    network: Arc<dyn Architecture>,
    members: Stacked,
    generator: Arc<dyn Generator>,
    objective: Arc<dyn Objective>,
    /// The clean images, once for each chain.
    clean: Batch,
    chains: i64,
    cost_weight: f64,
}

impl DataEnergies {
    /// The energies of `chains` chains for each image of `clean`, given the networks `members` and the weight `cost_weight` of
    /// the cost.
    pub fn new(
        (network, members): (Arc<dyn Architecture>, Stacked),
        (generator, objective): (Arc<dyn Generator>, Arc<dyn Objective>),
        (clean, chains): (&Batch, usize),
        cost_weight: f64,
    ) -> Self {
        let again = |x: &Tensor| Tensor::cat(&vec![x; chains], 0);
        let clean = Batch {
            x: again(&clean.x),
            targets: clean.targets.map(again),
            indices: clean.indices.repeat(chains),
        };
        Self { network, members, generator, objective, clean, chains: chains as i64, cost_weight }
    }

    /// Chain by chain again.
    fn stacked(&self, flat: Position) -> Position {
        let apart = |t: Tensor| t.unflatten(0, [self.chains, -1]);
        Position::new(flat.into_tensors().into_iter().map(apart).collect())
    }
}

impl BlockEnergy for DataEnergies {
    fn gradient(&self, at: &Position, _: &mut NoiseStream) -> BlockEvaluation {
        let Self { network, members, generator, objective, clean, .. } = self;
        let (at, pull) = (flat(at), self.cost_weight * members.chains() as f64);
        let mut gradient = generator.cost_gradient(&at, clean);
        for part in gradient.tensors_mut() {
            let _ = part.g_mul_scalar_(pull);
        }
        let leaf = [channels_last(&generator.images(&at, clean)).detach().set_requires_grad(true)];
        let logits = network.forward_stacked(members, &leaf[0], Mode::Evaluate);
        let deviation = objective.deviations(&logits, clean).sum_dim_intlist(0, false, Kind::Float);
        let [ascent] = &gradients(&deviation.sum(Kind::Float), &leaf)[..] else {
            unreachable!("one for each leaf")
        };
        gradient.subtract(&generator.pull_back(&at, clean, ascent));
        let energy = generator.cost(&at, clean).to_kind(Kind::Double) * pull - deviation.detach();
        let energies = energy.unflatten(0, [self.chains, -1]).sum_dim_intlist(1, false, Kind::Double);
        BlockEvaluation { energies, losses: None, gradient: self.stacked(gradient) }
    }

    fn is_confined(&self) -> bool {
        self.generator.is_confined()
    }

    fn confine(&self, before: &Position, after: &mut Position) {
        let mut images = flat(after);
        self.generator.confine(&self.clean, &flat(before), &mut images);
        *after = self.stacked(images);
    }
}

/// Chains beside one another, as images.
fn flat(at: &Position) -> Position {
    Position::new(at.tensors().iter().map(|t| t.flatten(0, 1)).collect())
}
