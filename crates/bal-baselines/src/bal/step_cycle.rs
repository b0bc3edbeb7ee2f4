//! Step sizes that fall and start again.

use bal_core::TrainError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Cycles of the parameter chains' step size: long steps find a mode, short ones sample it.
///
/// ```text
/// e_k = e (b + (1 - b) (1 + cos(pi ((k - 1) mod K) / K)) / 2),    sweep k = 1, 2, ..
/// ```
///
/// e is the sampler's step size, K the period and b the share of e that a cycle comes down to. The temperature stays that of
/// the sampler's settings, except for `SGAdaLD` with constant friction, whose temperature is proportional to its step size.
///
/// With as many sweeps as the period it is the cosine schedule of an optimiser.
///
/// Source: Zhang, Li, Zhang, Chen & Wilson, ICLR 2020, eq. 1, where b is 0.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepCycle {
    /// Batches in a cycle, at least 1.
    pub period: u64,
    /// Share of the step size that the end of a cycle comes down to, in [0, 1].
    pub last: f64,
}

impl StepCycle {
    /// What the step size is multiplied by in sweep number `sweep`, counted from 1.
    pub fn factor(self, sweep: u64) -> f64 {
        let done = (sweep - 1) % self.period;
        let share = 0.5 * (1.0 + (PI * done as f64 / self.period as f64).cos());
        self.last + (1.0 - self.last) * share
    }

    pub(super) fn check(self) -> Result<(), TrainError> {
        use crate::settings::check;
        let name = "parameters.step_cycle.period";
        check(name, self.period as f64, self.period > 0, "at least 1 is needed")?;
        let good = (0.0..=1.0).contains(&self.last);
        check("parameters.step_cycle.last", self.last, good, "it must be in [0, 1]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_falls_by_a_cosine_and_starts_again() {
        let cycle = StepCycle { period: 4, last: 0.0 };
        let half_root = 0.5f64.sqrt();
        let expected = [1.0, 0.5 + half_root / 2.0, 0.5, 0.5 - half_root / 2.0, 1.0];
        for (sweep, expected) in (1..).zip(expected) {
            assert!((cycle.factor(sweep) - expected).abs() < 1e-12, "{sweep}");
        }
    }

    #[test]
    fn it_comes_down_to_its_last_share() {
        let cycle = StepCycle { period: 1000, last: 0.1 };
        assert!((cycle.factor(1) - 1.0).abs() < 1e-12 && (cycle.factor(501) - 0.55).abs() < 1e-12);
        assert!((cycle.factor(1000) - 0.1).abs() < 1e-5);
        assert!((1..3000).all(|sweep| cycle.factor(sweep) >= 0.1));
    }
}
