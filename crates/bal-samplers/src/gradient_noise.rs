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
    ///
    /// This takes V for the variance of the minibatch noise, and the noise of a step for independent of the noise before.
    /// Minibatches that go through all images in turn are not: their noise adds up to 0 in an epoch, so it hardly heats a chain
    /// that remembers longer than that, and all of q is missing. On a logistic regression with four minibatches in an epoch the
    /// variance is 7 to 10 % too small.
    ///
    /// V is `E g^2`, which has the gradient itself, too. Without momentum that part of q makes up for the error of the step, if
    /// friction is matched. With momentum it makes the chain too cold.
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
