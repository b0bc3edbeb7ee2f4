//! Samples of network weights: what training returns.

use crate::{Architecture, EnsembleGradient, Position, Prediction, Replicate};
use bal_diagnostics::Mixing;
use std::sync::Arc;
use tch::Device;

/// One network: its weights and the buffers beside them.
#[derive(Debug)]
pub struct Member {
    /// Weights, in the architecture's order.
    pub parameters: Position,
    /// Buffers, in the architecture's order.
    pub buffers: Position,
}

impl Member {
    /// A copy with memory of its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self { parameters: self.parameters.duplicate(), buffers: self.buffers.duplicate() }
    }

    /// The same network on `device`.
    #[must_use]
    pub fn to_device(&self, device: Device) -> Self {
        Self { parameters: self.parameters.to_device(device), buffers: self.buffers.to_device(device) }
    }
}

impl Replicate for Member {
    fn replicate(&self) -> Self {
        Self { parameters: self.parameters.replicate(), buffers: self.buffers.replicate() }
    }
}

/// A set of samples from a law over network weights; a point estimate has one.
#[derive(Debug)]
pub struct Posterior {
    /// The network that the weights belong to.
    pub architecture: Arc<dyn Architecture>,
    /// The samples.
    pub members: Vec<Member>,
    /// How they predict together.
    pub prediction: Prediction,
    /// The gradient by which attacks see them, unless told otherwise.
    pub ensemble_gradient: EnsembleGradient,
    /// How well the chains mixed, where that was measured.
    pub mixing: Option<Mixing>,
    /// What the classes are called, in their order, where it is known.
    pub class_names: Option<Vec<String>>,
}
