//! Kernels: one step of a sampler or an optimiser.

use crate::{NoiseStream, Position};

/// A position and what a kernel remembers beside it.
#[derive(Debug)]
pub struct State {
    /// Where the chain is.
    pub position: Position,
    /// The kernel's memory, one entry per name in [`Kernel::slots`].
    pub memory: Vec<Position>,
    /// Steps done so far.
    pub step: u64,
}

impl State {
    /// The state before the first step.
    pub fn new(position: Position, memory: Vec<Position>) -> Self {
        Self { position, memory, step: 0 }
    }

    /// Counts a step.
    ///
    /// # Errors
    /// [`Diverged`] when the position is no longer finite.
    pub fn advance(&mut self) -> Result<(), Diverged> {
        self.step += 1;
        if self.position.is_finite() { Ok(()) } else { Err(Diverged::Position { step: self.step }) }
    }
}

/// A chain that left the finite numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Diverged {
    /// Its position.
    #[error("position is no longer finite after step {step}; try a smaller step size")]
    Position {
        /// The step, counted from 1 over the chain's life, after which it happened.
        step: u64,
    },
    /// Its energy, at a position that is finite still: of density zero.
    #[error("energy is no longer finite before step {step}; try a smaller step size")]
    Energy {
        /// The step, counted from 1 over the chain's life, that was not taken.
        step: u64,
    },
}

/// One step of a sampler or an optimiser, for any position.
///
/// Settings are immutable and checked when the kernel is made; what changes is in the [`State`],
/// and randomness is passed in. The caller evaluates the gradient, once per step.
pub trait Kernel: Send + Sync + std::fmt::Debug {
    /// Names of the kernel's memory, as in checkpoints: `second_moment`, `momentum`, ...
    fn slots(&self) -> &'static [&'static str];

    /// The state from which a chain starts at `position`.
    fn start(&self, position: Position) -> State;

    /// Moves `state` by one step, given `gradient`, the energy's gradient at its position.
    ///
    /// # Errors
    /// [`Diverged`] when the new position is not finite.
    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged>;
}
