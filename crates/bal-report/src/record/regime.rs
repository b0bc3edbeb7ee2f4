//! How hot a run's sampler ran.

use bal_diagnostics::Regime;
use serde::{Deserialize, Serialize};

/// What the last states of the parameter chains say of their sampler, over all weights of all chains.
///
/// Quantiles are `[share, value]` pairs: that share of the weights is at or below the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplerRegime {
    /// The sampler: `sgadald`, `sghmc`, ..
    pub name: String,
    /// The energy that its settings and gradients are about: `mean` over the training images, or their `sum`.
    pub energy: String,
    /// Share of the weights whose preconditioner is the floor's and not the gradients', in [0, 1]; of samplers that have one.
    pub floor_share: Option<f64>,
    /// The root of V, the size of a weight's gradient of that energy; empty without a preconditioner.
    pub gradient_quantiles: Vec<(f64, f64)>,
    /// The temperature that a weight runs at, as a multiple of the posterior's: 1 is the posterior. Noise of minibatches is
    /// not counted.
    pub temperature_quantiles: Vec<(f64, f64)>,
}

impl SamplerRegime {
    /// What was measured of the sampler `name`, whose settings are about `energy`.
    pub fn new(name: &str, energy: &str, regime: &Regime) -> Self {
        let Regime { floor_share, gradient, temperature } = regime.clone();
        Self {
            name: name.into(),
            energy: energy.into(),
            floor_share,
            gradient_quantiles: gradient,
            temperature_quantiles: temperature,
        }
    }

    /// Its numbers, with their keys in a record.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (String, f64)> {
        let quantiles = [
            ("gradient_quantiles", &self.gradient_quantiles),
            ("temperature_quantiles", &self.temperature_quantiles),
        ];
        let quantiles = quantiles.into_iter().flat_map(|(key, pairs)| {
            pairs
                .iter()
                .flat_map(move |&(share, value)| [share, value].map(|v| (format!("sampler.{key}"), v)))
        });
        self.floor_share.map(|share| ("sampler.floor_share".into(), share)).into_iter().chain(quantiles)
    }
}
