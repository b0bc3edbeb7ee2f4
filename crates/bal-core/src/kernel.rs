//! Kernels: one step of a sampler or an optimiser.

use crate::{NoiseStream, Position};
use tch::Tensor;

/// A position and what a kernel remembers beside it.
#[derive(Debug)]
pub struct State {
    /// Where the chain is.
    pub position: Position,
    /// The kernel's memory, one entry per name in [`Kernel::slots`].
    pub memory: Vec<Position>,
    /// Steps done so far.
    pub step: u64,
    /// Of a stack of chains: the sums of each chain's coordinates after each step, `[S]`, which are read after the last. Otherwise
    /// a step reads whether the position is finite.
    pub(crate) trail: Option<Vec<Tensor>>,
}

impl State {
    /// The state before the first step.
    pub fn new(position: Position, memory: Vec<Position>) -> Self {
        Self { position, memory, step: 0, trail: None }
    }

    /// The same after so many steps.
    #[must_use]
    pub fn after(self, step: u64) -> Self {
        Self { step, ..self }
    }

    /// Counts a step.
    ///
    /// # Errors
    /// [`Diverged`] when the position is no longer finite.
    pub fn advance(&mut self) -> Result<(), Diverged> {
        self.step += 1;
        if let Some(trail) = &mut self.trail {
            trail.push(self.position.sums());
            return Ok(());
        }
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

    /// Whether the chain stays bounded where the energy has this curvature (the largest eigenvalue
    /// of its Hessian that is known beforehand), finite and >= 0. A kernel that cannot tell says yes.
    ///
    /// # Errors
    /// [`Unstable`].
    fn check_stable(&self, _curvature: f64) -> Result<(), Unstable> {
        Ok(())
    }

    /// Whether a chain of `steps` steps that begins at the minimum of an energy of this curvature, finite and >= 0, is
    /// brought back by its later steps from wherever its earlier ones overshoot.
    ///
    /// # Errors
    /// As [`Kernel::check_stable`], which is what a kernel asks whose steps do not shrink.
    fn check_contracts(&self, curvature: f64, _steps: u64) -> Result<(), Unstable> {
        self.check_stable(curvature)
    }
}

/// Steps so long that a chain runs away.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unstable {
    /// Along the energy's steepest curvature.
    #[error(
        "a step size of {step_size} is unstable where the energy has curvature {curvature}: step size times \
         curvature must stay below {limit}, so take a step size below {}", limit / curvature
    )]
    Step {
        /// The largest step size that the kernel takes.
        step_size: f64,
        /// The curvature it was checked against.
        curvature: f64,
        /// What their product must stay below.
        limit: f64,
    },
    /// The curvature is none.
    #[error("curvature must be finite and >= 0, got {0}")]
    Curvature(f64),
}

impl Unstable {
    /// `Ok` when the product of `step_size` and `curvature` is below `limit`.
    ///
    /// # Errors
    /// [`Unstable::Step`] when it is not, [`Unstable::Curvature`] for a curvature that is not finite and at least 0.
    pub fn check(step_size: f64, curvature: f64, limit: f64) -> Result<(), Self> {
        if !(curvature.is_finite() && curvature >= 0.0) {
            return Err(Self::Curvature(curvature));
        }
        if step_size * curvature < limit { Ok(()) } else { Err(Self::Step { step_size, curvature, limit }) }
    }
}
