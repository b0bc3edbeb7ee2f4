//! One quantity that chains were followed on.

use crate::{
    Draws, bulk_ess,
    draws::{mean, variance},
    r_hat, tail_ess,
};
use serde::{Deserialize, Serialize};

/// What is known of a scalar function of the chains' positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// What it is.
    pub name: String,
    /// Chains.
    pub chains: u64,
    /// Draws of each.
    pub draws: u64,
    /// The mean over all draws.
    pub mean: f64,
    /// The standard deviation over all draws.
    pub sd: f64,
    /// Rank-normalised split R-hat; `None` where it cannot be told, as of a constant.
    pub r_hat: Option<f64>,
    /// Bulk effective sample size, over all chains.
    pub bulk_ess: Option<f64>,
    /// Tail effective sample size, over all chains.
    pub tail_ess: Option<f64>,
}

impl Quantity {
    /// Measures `draws`.
    pub fn of(name: impl Into<String>, draws: &Draws) -> Self {
        let all: Vec<f64> = draws.chains().iter().flatten().copied().collect();
        let varies = !draws.is_constant();
        Self {
            name: name.into(),
            chains: draws.chains().len() as u64,
            draws: draws.length() as u64,
            mean: mean(&all),
            sd: variance(&all).sqrt(),
            r_hat: r_hat(draws),
            bulk_ess: varies.then(|| bulk_ess(draws)).flatten(),
            tail_ess: varies.then(|| tail_ess(draws)).flatten(),
        }
    }
}
