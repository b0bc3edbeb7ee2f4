//! How hot a run's sampler ran.

use bal_diagnostics::{Regime, effective_sample_size};
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
    /// The temperature that the chains had after their burn-in, all noise and every error of the steps counted. Absent
    /// where the prior is improper, where no burn-in is said, and of runs of before it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configurational_temperature: Option<ConfigurationalTemperature>,
}

/// A temperature by the virial theorem, `mean of (w . grad U(w)) / weights`, as a multiple of the posterior's: 1 is the posterior.
///
/// The gradient is that of the sweep's batch. Source: Leimkuhler & Matthews, Molecular Dynamics, 2015, section 6.1.5; for
/// networks Wenzel et al., ICML 2020, section 4.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigurationalTemperature {
    /// Mean over weights, chains and sweeps.
    pub mean: f64,
    /// Its standard error, by the effective size of the series.
    pub standard_error: f64,
    /// Sweeps after the burn-in.
    pub sweeps: u64,
}

impl ConfigurationalTemperature {
    /// The mean of a series, one draw per sweep; `None` of fewer than four.
    pub fn of(series: Vec<f64>) -> Option<Self> {
        let sweeps = series.len();
        if sweeps < 4 {
            return None;
        }
        let mean = series.iter().sum::<f64>() / sweeps as f64;
        let variance = series.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (sweeps - 1) as f64;
        let size = effective_sample_size(&[series]);
        Some(Self { mean, standard_error: (variance / size).sqrt(), sweeps: sweeps as u64 })
    }
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
            configurational_temperature: None,
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
        let configurational = self.configurational_temperature.into_iter().flat_map(|t| {
            [("mean", t.mean), ("standard_error", t.standard_error)]
                .map(|(key, value)| (format!("sampler.configurational_temperature.{key}"), value))
        });
        let floor = self.floor_share.map(|share| ("sampler.floor_share".into(), share));
        floor.into_iter().chain(quantiles).chain(configurational)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_gives_its_mean_and_an_error_that_knows_of_correlation() {
        let of = ConfigurationalTemperature::of;
        assert_eq!(of(vec![1.0; 3]), None);
        // Runs of 50 equal values in 1,000: 20 draws' worth, up to the error of an estimate of that.
        let series: Vec<f64> = (0..1000).map(|i| f64::from((i / 50 * 7919 % 13) as u8)).collect();
        let found = of(series.clone()).unwrap();
        let mean = series.iter().sum::<f64>() / 1000.0;
        let sd = (series.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / 999.0).sqrt();
        assert!((found.mean - mean).abs() < 1e-12 && found.sweeps == 1000);
        let independent = (sd / found.standard_error).powi(2);
        assert!((10.0..80.0).contains(&independent), "{independent}");
    }
}
