//! Stochastic-gradient samplers that move a position by its energy's gradient.
//!
//! Each sampler is a [`Kernel`](bal_core::Kernel) in a file of its own: settings that are checked
//! once, memory that lives in the chain's state, noise that is passed in. None evaluates an energy,
//! so the same sampler moves network weights and images.
//!
//! A kernel changes the tensors of its state in place, and `start` takes the position as it is: to
//! keep the original, start from its [`duplicate`](bal_core::Position::duplicate).

#![deny(missing_docs)]

mod error;
mod sgadald;
mod sgld;
mod step_size;

pub use error::SamplerError;
pub use sgadald::{Friction, GradientNoise, InjectedNoise, SecondMoment, Sgadald, SgadaldSettings, Tau};
pub use sgld::Sgld;
pub use step_size::StepSize;
