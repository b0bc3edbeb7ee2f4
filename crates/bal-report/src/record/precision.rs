//! A precision of a hierarchical prior that was sampled with the weights.

use bal_diagnostics::Marginal;
use serde::{Deserialize, Serialize};

/// The precision that a tensor of weights was given by a hierarchical prior, over all draws of all chains after the burn-in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorPrecision {
    /// The tensor of weights: `conv1.weight`.
    pub weights: String,
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub deviation: f64,
    /// Split R-hat over the chains; absent where there is one chain, or where the draws are few or all equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_hat: Option<f64>,
    /// Effective sample size over all chains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ess: Option<f64>,
}

impl From<&Marginal> for PriorPrecision {
    fn from(of: &Marginal) -> Self {
        let (r_hat, ess) = of.agreement.unzip();
        Self { weights: of.name.clone(), mean: of.mean, deviation: of.deviation, r_hat, ess }
    }
}

impl PriorPrecision {
    /// Its numbers, with their keys in a record.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (String, f64)> {
        let numbers = [
            ("mean", Some(self.mean)),
            ("deviation", Some(self.deviation)),
            ("r_hat", self.r_hat),
            ("ess", self.ess),
        ];
        let key = |key: &str| format!("prior_precisions.{}.{key}", self.weights);
        numbers.into_iter().filter_map(move |(name, value)| Some((key(name), value?)))
    }
}
