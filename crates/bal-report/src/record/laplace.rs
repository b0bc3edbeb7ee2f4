//! The Gaussian that a run's networks were drawn from.

use serde::{Deserialize, Serialize};

/// A Laplace approximation of the posterior around the weights that the run started from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaplaceFit {
    /// How the curvature of a layer is approximated: `kron`, a Kronecker product, or `diagonal`.
    pub structure: String,
    /// Training images that the curvature was taken over.
    pub images: u64,
    /// N, the observations that the curvature is multiplied by.
    pub scale: f64,
    /// t, the precision of a normal prior of each weight.
    pub precision: f64,
    /// The pairs that a search tried, in its order; absent where both were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
}

/// A scale and a precision that were tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// N.
    pub scale: f64,
    /// t.
    pub precision: f64,
    /// Logarithm of the networks' mean probability of the right class, mean over the held-out images.
    pub log_likelihood: f64,
}

impl LaplaceFit {
    /// Its numbers, with their keys in a record.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (String, f64)> {
        let chosen = [("scale", self.scale), ("precision", self.precision)];
        let chosen = chosen.into_iter().map(|(key, value)| (format!("laplace.{key}"), value));
        let tried = self.tried.iter().flat_map(|pair| {
            let Tried { scale, precision, log_likelihood } = *pair;
            [("scale", scale), ("precision", precision), ("log_likelihood", log_likelihood)]
                .map(|(key, value)| (format!("laplace.tried.{key}"), value))
        });
        chosen.chain(tried)
    }
}
