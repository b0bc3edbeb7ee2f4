//! The energy of adversarial data given the networks (eq. 6).

use bal_core::{
    Aux, Batch, Energy, Evaluation, Generator, Member, Mode, NoiseStream, Objective, Position, channels_last,
    gradients,
};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// The energy of adversarial data `z` of a batch of clean images `x`.
///
/// ```text
/// U(z_i) = - sum_s [ d(z_i, y_i; w_s) - alpha c(z_i, x_i) ]
/// ```
///
/// where the generator's support is; outside, the density is 0. `d`: the objective's deviation under member s in evaluation mode, `c`: the generator's cost. The sum runs over all S
/// members, so both the pull of the loss and the cost grow with S. Draws nothing.
///
/// Source: Ye & Zhu, NeurIPS 2018, eq. 6 (the density; the printed eq. 8 has the cost's sign wrong).
pub struct DataEnergy {
    /// The network with its weights in each parameter chain.
    pub members: Vec<Member>,
    /// How positions become images, and what these cost.
    pub generator: Arc<dyn Generator>,
    /// What the data raise.
    pub objective: Arc<dyn Objective>,
    /// The clean images.
    pub clean: Batch,
    /// The weight alpha of the cost, at least 0.
    pub cost_weight: f64,
}

impl DataEnergy {
    /// What multiplies the cost: its weight, once for each member.
    fn pull(&self) -> f64 {
        self.cost_weight * self.members.len() as f64
    }

    /// Deviation of one member, `[n]`.
    fn deviation(&self, member: &Member, z: &Tensor) -> Tensor {
        self.objective.deviation(&member.forward(z, Mode::Evaluate), &self.clean)
    }
}

impl Energy for DataEnergy {
    fn energy(&self, at: &Position, _: &mut NoiseStream) -> Tensor {
        let z = self.generator.images(at, &self.clean);
        let cost = self.generator.cost(at, &self.clean) * self.pull();
        self.members.iter().fold(cost, |energy, member| energy - self.deviation(member, &z))
    }

    fn is_confined(&self) -> bool {
        self.generator.is_confined()
    }

    fn confine(&self, before: &Position, after: &mut Position) {
        self.generator.confine(&self.clean, before, after);
    }

    /// Member by member, so that one member's activations are in the cache at a time.
    fn gradient(&self, at: &Position, _: &mut NoiseStream) -> Evaluation {
        let Self { generator, clean, .. } = self;
        let pull = self.pull();
        let mut energy = generator.cost(at, clean).sum(Kind::Double).double_value(&[]) * pull;
        let mut gradient = generator.cost_gradient(at, clean);
        for part in gradient.tensors_mut() {
            let _ = part.g_mul_scalar_(pull);
        }
        let leaf = [channels_last(&generator.images(at, clean)).detach().set_requires_grad(true)];
        for member in &self.members {
            let deviation = self.deviation(member, &leaf[0]).sum(Kind::Float);
            energy -= deviation.double_value(&[]);
            let [ascent] = &gradients(&deviation, &leaf)[..] else { unreachable!("one for each leaf") };
            gradient.subtract(&generator.pull_back(at, clean, ascent));
        }
        Evaluation { energy, gradient, aux: Aux::default() }
    }
}
