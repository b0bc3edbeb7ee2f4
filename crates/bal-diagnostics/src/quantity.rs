//! One quantity, measured.

use crate::{Draws, Obstacle, bulk_ess, r_hat, tail_ess};

/// What the draws of one scalar quantity say of the chains.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantity {
    /// What was followed.
    pub name: String,
    /// Chains.
    pub chains: usize,
    /// Draws of each.
    pub draws: usize,
    /// Mean of all draws.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
    /// [`r_hat()`]; not a number where `obstacle` says why.
    pub r_hat: f64,
    /// [`bulk_ess`], of all chains together.
    pub bulk: f64,
    /// [`tail_ess`], of all chains together.
    pub tail: f64,
    /// What keeps R-hat, or all three, from being measured.
    pub obstacle: Option<Obstacle>,
}

impl Quantity {
    /// Measures `draws` of the quantity called `name`.
    pub fn measure(name: impl Into<String>, draws: &Draws) -> Self {
        Self {
            name: name.into(),
            chains: draws.chains().len(),
            draws: draws.per_chain(),
            mean: draws.mean(),
            sd: draws.sd(),
            r_hat: r_hat(draws),
            bulk: bulk_ess(draws),
            tail: tail_ess(draws),
            obstacle: Obstacle::to_r_hat(draws),
        }
    }

    /// The smaller effective sample size.
    pub fn ess(&self) -> f64 {
        self.bulk.min(self.tail)
    }
}
