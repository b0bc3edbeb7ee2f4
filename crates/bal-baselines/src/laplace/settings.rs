//! Settings of the Laplace approximation.

use super::Width;
use crate::{Epochs, settings::check};
use bal_core::TrainError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of [`super::Laplace`].
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaplaceSettings {
    /// Approximation of the curvature of each layer: Kronecker factors, or the diagonal.
    pub structure: Structure,
    /// Training images that the curvature is taken over; at least 1, and at most those that there are.
    pub images: u64,
    /// Images in a batch, at least 1. A batch is a sweep.
    pub batch_size: usize,
    /// Networks drawn from the Gaussian, at least 1.
    pub members: u64,
    /// Observations N that the curvature is multiplied by; finite and > 0. The number of training images is Laplace's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    /// Precision t of a normal prior of each weight; finite and > 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Scales and precisions, of which the likeliest pair on the held-out images is taken; instead of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchSettings>,
}

/// Approximation of a layer's curvature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Structure {
    /// A Kronecker product: of the layer's inputs, and of the gradients at its output.
    Kron,
    /// The diagonal: every weight is independent of all others.
    Diagonal,
}

impl Structure {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kron => "kron",
            Self::Diagonal => "diagonal",
        }
    }
}

/// A grid of widths.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSettings {
    /// Scales N that are tried, each with every precision; finite and > 0.
    pub scales: Vec<f64>,
    /// Precisions t that are tried, each with every scale; finite and > 0.
    pub precisions: Vec<f64>,
}

impl LaplaceSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub(super) fn checked(self) -> Result<Self, TrainError> {
        for (name, count) in
            [("images", self.images), ("batch_size", self.batch_size as u64), ("members", self.members)]
        {
            check(&format!("laplace.{name}"), count as f64, count > 0, "at least 1 is needed")?;
        }
        for Width { scale, precision } in self.widths()? {
            for (name, value) in [("scale", scale), ("precision", precision)] {
                let name = if self.search.is_some() { format!("search.{name}s") } else { name.into() };
                let good = value.is_finite() && value > 0.0;
                check(&format!("laplace.{name}"), value, good, "it must be finite and above 0")?;
            }
        }
        Ok(self)
    }

    /// The widths that come into question: one, or those of the search, in its order.
    ///
    /// # Errors
    /// [`TrainError::Setting`] when there is no width, or a search beside it.
    pub(super) fn widths(&self) -> Result<Vec<Width>, TrainError> {
        let refused = |setting: &str, value: &str, why: &str| {
            Err(TrainError::Setting { setting: setting.into(), value: value.into(), why: why.into() })
        };
        match (self.scale, self.precision, &self.search) {
            (Some(scale), Some(precision), None) => Ok(vec![Width { scale, precision }]),
            (None, None, Some(search)) => {
                let with =
                    |&scale| search.precisions.iter().map(move |&precision| Width { scale, precision });
                let widths: Vec<Width> = search.scales.iter().flat_map(with).collect();
                if widths.is_empty() {
                    let why = "there is nothing to try; give at least one of `scales` and of `precisions`";
                    return refused("laplace.search", "(empty)", why);
                }
                Ok(widths)
            }
            (None, None, None) => {
                refused("laplace.scale", "(absent)", "give `scale` and `precision`, or `search`")
            }
            (_, _, Some(_)) => {
                let why = "the search chooses `scale` and `precision`; leave these out, or the search";
                refused("laplace.search", "(as given)", why)
            }
            (Some(_), None, None) => refused("laplace.precision", "(absent)", "`scale` needs it too"),
            (None, Some(_), None) => refused("laplace.scale", "(absent)", "`precision` needs it too"),
        }
    }

    /// One pass in these batches.
    pub fn schedule(&self) -> Epochs {
        Epochs::new(1, self.batch_size)
    }
}
