//! The energy of adversarial images given the networks (eq. 6).

use bal_core::{Architecture, Energy, Evaluation, Member, Mode, Position, channels_last};
use std::sync::Arc;
use tch::{Kind, Reduction, Tensor};

/// The energy of a batch of adversarial images `z` of clean images `x`.
///
/// ```text
/// U(z_i) = - sum_s [ l(z_i, y_i; w_s) - alpha |z_i - x_i|^2 ]
/// ```
///
/// `l`: cross-entropy of member s in evaluation mode. The sum runs over all S members, so both the
/// pull of the loss and the cost grow with S. Positions: one part, `[n, c, h, w]`.
///
/// Source: Ye & Zhu, NeurIPS 2018, eq. 6 (the density; the printed eq. 8 has the cost's sign wrong).
pub struct DataEnergy {
    /// The network.
    pub architecture: Arc<dyn Architecture>,
    /// Its weights in each parameter chain.
    pub members: Vec<Member>,
    /// The clean images.
    pub x: Tensor,
    /// Their labels.
    pub y: Tensor,
    /// The weight alpha of the cost, at least 0.
    pub cost_weight: f64,
}

impl DataEnergy {
    /// `|z_i - x_i|^2`, `[n]`.
    fn cost(&self, z: &Tensor) -> Tensor {
        (z - &self.x).square().flatten(1, -1).sum_dim_intlist(1, false, Kind::Float)
    }

    /// Cross-entropy of one member, `[n]`.
    fn loss(&self, member: &Member, z: &Tensor) -> Tensor {
        let logits = self.architecture.forward(&member.parameters, &member.buffers, z, Mode::Evaluate).logits;
        logits.cross_entropy_loss::<Tensor>(&self.y, None, Reduction::None, -100, 0.0)
    }
}

impl Energy for DataEnergy {
    fn energy(&self, at: &Position) -> Tensor {
        let z = at.first();
        let cost = self.cost(z) * (self.cost_weight * self.members.len() as f64);
        self.members.iter().fold(cost, |energy, member| energy - self.loss(member, z))
    }

    /// Member by member, so that one member's activations are in the cache at a time.
    fn gradient(&self, at: &Position) -> Evaluation {
        let z = at.first();
        let pull = self.cost_weight * self.members.len() as f64;
        let mut energy = self.cost(z).sum(Kind::Double).double_value(&[]) * pull;
        let mut gradient = (z - &self.x) * (2.0 * pull);
        let leaf = channels_last(z).detach().set_requires_grad(true);
        for member in &self.members {
            let loss = self.loss(member, &leaf).sum(Kind::Float);
            energy -= loss.double_value(&[]);
            let [ascent] = Tensor::run_backward(&[&loss], &[&leaf], false, false).try_into().unwrap_or_else(
                |other: Vec<Tensor>| unreachable!("one gradient for one input, got {}", other.len()),
            );
            let _ = gradient.g_sub_(&ascent);
        }
        Evaluation { energy, gradient: Position::new(vec![gradient]) }
    }
}
