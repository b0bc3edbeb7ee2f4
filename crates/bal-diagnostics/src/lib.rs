//! Convergence diagnostics for Markov chains: R-hat and effective sample sizes, without LibTorch.
//!
//! The measures follow Vehtari, Gelman, Simpson, Carpenter & Bürkner, "Rank-normalization, folding, and localization: an
//! improved R-hat for assessing convergence of MCMC", Bayesian Analysis 16(2), 2021, with the arithmetic of `ArviZ`.
//! Tests compare the values with `ArviZ`.
//!
//! Records of runs hold plain split R-hat and effective sample sizes, without ranks ([`Mixing`]), and at what temperature the
//! sampler ran ([`Regime`]).
//!
//! A value that cannot be measured is not a number (NaN); [`Obstacle`] gives the reason in words.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod diagnosis;
mod draws;
mod error;
mod ess;
mod marginal;
mod mixing;
mod normal_mixture;
mod obstacle;
mod quantile;
mod quantity;
mod r_hat;
mod ranks;
mod regime;
mod verdict;

pub use diagnosis::Diagnosis;
pub use draws::Draws;
pub use error::DrawsError;
pub use ess::{bulk_ess, tail_ess};
pub use marginal::Marginal;
pub use mixing::{Mixing, effective_sample_size, split_r_hat};
pub use normal_mixture::NormalMixture;
pub use obstacle::Obstacle;
pub use quantity::Quantity;
pub use r_hat::r_hat;
pub use regime::{Regime, quantiles};
pub use verdict::{ESS_PER_CHAIN, R_HAT, Verdict};
