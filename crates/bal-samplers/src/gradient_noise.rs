//! The noise that gradients bring themselves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The noise q that minibatch gradients are taken to bring, and that is therefore not injected.
///
/// In files `"printed"`, `"corrected"` or `"none"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradientNoise {
    /// `q = T e^4`, as eq. 10 prints it.
    Printed,
    /// `q = e^4`: minibatch noise does not know the temperature.
    Corrected,
    /// `q = 0`: for exact gradients.
    None,
}

impl GradientNoise {
    /// q, of a step size e at temperature T.
    pub(crate) fn variance(self, step_size: f64, temperature: f64) -> f64 {
        match self {
            Self::Printed => temperature * step_size.powi(4),
            Self::Corrected => step_size.powi(4),
            Self::None => 0.0,
        }
    }
}
