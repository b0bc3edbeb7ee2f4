//! The inner maximisation of distributionally robust training.

use crate::settings::check;
use bal_attacks::{AttackError, FixedAttack, loss_gradient};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream, TrainError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// Settings of [`Wrm`].
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrmSettings {
    /// Weight e = 1/(2 gamma) of the loss against the transport cost `|z - x|^2 / 2`, in pixels squared per nat; >=
    /// 0.
    pub loss_weight: f64,
    /// Steps of the ascent after the first, at least 1.
    pub steps: u32,
}

/// Ascent on the loss under a transport cost; stays in no ball.
///
/// ```text
/// z_0 = x + e grad l(x);    z <- z + (e grad l(z) - (z - x)) / sqrt(t + 2),    t = 0 .. steps-1
/// ```
///
/// `grad l`: each image's own gradient. `e = 1 / (2 gamma)` of the paper's penalty gamma.
///
/// Source: Sinha, Namkoong & Duchi, ICLR 2018, Algorithm 1 and its authors' step sizes.
#[derive(Clone, Copy, Debug)]
pub struct Wrm {
    settings: WrmSettings,
}

impl Wrm {
    /// The ascent with these settings.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for a loss weight that is negative or not finite, or no steps.
    pub fn new(settings: WrmSettings) -> Result<Self, TrainError> {
        let e = settings.loss_weight;
        check("wrm.loss_weight", e, e.is_finite() && e >= 0.0, "it must be finite and at least 0")?;
        check("wrm.steps", f64::from(settings.steps), settings.steps > 0, "at least 1 is needed")?;
        Ok(Self { settings })
    }
}

impl FixedAttack for Wrm {
    fn name(&self) -> &'static str {
        "wrm"
    }

    fn perturb(&self, model: &dyn Classifier, batch: &Batch, _: &NoiseStream) -> Result<Tensor, AttackError> {
        let e = self.settings.loss_weight;
        let ascent = |z: &Tensor| loss_gradient(model, z, batch.classes()?, EnsembleGradient::MemberMean);
        let mut z = &batch.x + ascent(&batch.x)? * e;
        for t in 0..self.settings.steps {
            let step = 1.0 / (f64::from(t) + 2.0).sqrt();
            z = &z + (ascent(&z)? * e - (&z - &batch.x)) * step;
        }
        Ok(z)
    }
}
