//! Whether chains agree, and how many independent draws they are worth; no LibTorch.
//!
//! All measures are those of Vehtari, Gelman, Simpson, Carpenter & Bürkner, "Rank-normalization, folding, and
//! localization: an improved R-hat for assessing convergence of MCMC", Bayesian Analysis 16(2), 2021, in the
//! arithmetic of `ArviZ`, with whose answers the tests compare them.
//!
//! Records of runs hold plain split R-hat and effective sizes, without ranks ([`Mixing`]).
//!
//! What cannot be measured is not a number (NaN); [`Obstacle`] says why in words.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod diagnosis;
mod draws;
mod error;
mod ess;
mod mixing;
mod obstacle;
mod quantile;
mod quantity;
mod r_hat;
mod ranks;
mod verdict;

pub use diagnosis::Diagnosis;
pub use draws::Draws;
pub use error::DrawsError;
pub use ess::{bulk_ess, tail_ess};
pub use mixing::{Mixing, effective_sample_size, split_r_hat};
pub use obstacle::Obstacle;
pub use quantity::Quantity;
pub use r_hat::r_hat;
pub use verdict::{ESS_PER_CHAIN, R_HAT, Verdict};
