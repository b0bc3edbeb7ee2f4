//! The harness that compares kernels with the exact laws of their discretized chains.
//!
//! On a Gaussian every kernel with fixed settings is a linear recursion, so its law is known at any
//! step size: [`GaussianLaw`] solves for it. [`Replicas`] runs one chain per column of a matrix, all
//! independent, so that the standard errors of their [`Moments`] are exact as well. [`langevin`] and [`hamiltonian`] are all
//! samplers with a constant preconditioner, and [`Update`] is what they then do. The tests proper are in `tests/`, one file for
//! each kernel and each idea; they are a crate of their own because they take seconds.

#![deny(missing_docs)]

mod frozen;
mod law;
mod moments;
mod momentum;
mod pixel;
mod replicas;
mod update;

pub use frozen::{SECOND_MOMENT, hamiltonian, langevin};
pub use law::{GaussianLaw, LinearStep, column, diagonal, matrix};
pub use moments::Moments;
pub use momentum::momentum_step;
pub use pixel::Pixel;
pub use replicas::{Replicas, noise};
pub use update::Update;
