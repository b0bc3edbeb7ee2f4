//! The weights of several chains of one network, as one.

use crate::{Position, Replicate};

/// Weights and buffers of S chains of one network: each part `[S, ..]`, chain by chain.
#[derive(Debug)]
pub struct Stacked {
    /// Weights, in the network's order.
    pub parameters: Position,
    /// Buffers, in the network's order.
    pub buffers: Position,
}

impl Stacked {
    /// The chains with these weights and buffers, at least one; with memory of its own.
    pub fn of<'a>(chains: impl IntoIterator<Item = (&'a Position, &'a Position)>) -> Self {
        let (parameters, buffers): (Vec<_>, Vec<_>) = chains.into_iter().unzip();
        Self { parameters: Position::stack(&parameters), buffers: Position::stack(&buffers) }
    }

    /// How many chains there are: S.
    ///
    /// # Panics
    /// Without weights.
    pub fn chains(&self) -> i64 {
        self.parameters.first().size()[0]
    }

    /// Weights and buffers of one chain, through which gradients flow to all.
    pub fn chain(&self, chain: i64) -> (Position, Position) {
        (self.parameters.row(chain), self.buffers.row(chain))
    }
}

impl Replicate for Stacked {
    fn replicate(&self) -> Self {
        Self { parameters: self.parameters.replicate(), buffers: self.buffers.replicate() }
    }
}
