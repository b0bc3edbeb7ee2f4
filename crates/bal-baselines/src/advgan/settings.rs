//! Settings of `AdvGAN`.

use crate::settings::check;
use bal_attacks::LossName;
use bal_core::TrainError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the generator of [`super::Advgan`] lowers.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvganSettings {
    /// Radius of the ball in L-infinity that the generator changes an image in, on pixels in [0, 1]; > 0 and at most 1.
    pub radius: f64,
    /// Loss of the victims that the generator raises: `margin`, or `cross_entropy`.
    pub loss: AdvganLoss,
    /// Loss of an image above which it is raised no more; absent: never enough. With `margin`, 0 is an error of any kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_cap: Option<f64>,
    /// Weight of the victims' loss; finite and > 0.
    pub loss_weight: f64,
    /// Weight g of the discriminator's verdict; finite and >= 0. With 0 there is no discriminator.
    pub gan_weight: f64,
    /// Weight alpha of the distance beyond the bound; finite and >= 0.
    pub distance_weight: f64,
    /// Euclidean distance c up to which a change costs nothing; finite and >= 0.
    pub distance_bound: f64,
}

/// What of the victims is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvganLoss {
    /// The lead of the best wrong class over the right one, in logits.
    Margin,
    /// The surprise at the right class.
    CrossEntropy,
}

impl AdvganLoss {
    pub(super) fn name(self) -> LossName {
        match self {
            Self::Margin => LossName::Margin,
            Self::CrossEntropy => LossName::CrossEntropy,
        }
    }
}

impl AdvganSettings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub(super) fn checked(self) -> Result<Self, TrainError> {
        let in_box = self.radius > 0.0 && self.radius <= 1.0;
        check("advgan.generator.radius", self.radius, in_box, "it must be above 0 and at most 1")?;
        let cap = self.loss_cap.unwrap_or(0.0);
        check("advgan.generator.loss_cap", cap, cap.is_finite(), "it must be finite, or absent")?;
        let weight = self.loss_weight;
        let positive = weight.is_finite() && weight > 0.0;
        check("advgan.generator.loss_weight", weight, positive, "it must be finite and above 0")?;
        for (name, value) in [
            ("gan_weight", self.gan_weight),
            ("distance_weight", self.distance_weight),
            ("distance_bound", self.distance_bound),
        ] {
            let good = value.is_finite() && value >= 0.0;
            check(&format!("advgan.generator.{name}"), value, good, "it must be finite and at least 0")?;
        }
        Ok(self)
    }
}
