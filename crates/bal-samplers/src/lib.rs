//! Stochastic-gradient samplers that move a position by its energy's gradient.
//!
//! Each sampler is a [`Kernel`](bal_core::Kernel) in a file of its own: settings that are checked
//! once, memory that lives in the chain's state, noise that is passed in. None evaluates an energy,
//! so the same sampler moves network weights and images.
//!
//! A kernel changes the tensors of its state in place, and `start` takes the position as it is: to
//! keep the original, start from its [`duplicate`](bal_core::Position::duplicate).

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod adam;
mod adaptation;
mod error;
mod gradient_noise;
mod psgld;
mod regime;
mod sampler;
mod sgadahmc;
mod sgadald;
mod sghmc;
mod sgld;
mod step_size;
mod tables;
mod tau;

pub use adam::{Adam, AdamSettings};
pub use adaptation::SecondMoment;
pub use error::SamplerError;
pub use gradient_noise::GradientNoise;
pub use psgld::{Psgld, PsgldSettings};
pub use sampler::Sampler;
pub use sgadahmc::{MomentumFriction, Sgadahmc, SgadahmcSettings};
pub use sgadald::{Friction, InjectedNoise, Sgadald, SgadaldSettings};
pub use sghmc::{Sghmc, SghmcSettings};
pub use sgld::{Sgld, SgldSettings};
pub use step_size::StepSize;
pub use tau::Tau;
