//! `[wrm]`: adversarial training with a penalty for distance.

use super::MethodTable;
use anyhow::Result;
use bal_baselines::{AdversarialTraining, Epochs, Wrm, WrmSettings};
use bal_core::Method;
use bal_samplers::{Adam, AdamSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[wrm]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrmTraining {
    /// Passes over the images, in batches.
    pub schedule: Epochs,
    /// The optimizer.
    pub adam: AdamSettings,
    /// Share of the clean images' loss beside the adversarial ones', in `[0, 1]`.
    pub clean_weight: f64,
    /// How images are moved.
    pub ascent: WrmSettings,
}

impl MethodTable for WrmTraining {
    fn method(&self) -> Result<Box<dyn Method>> {
        let ascent = Box::new(Wrm::new(self.ascent)?);
        let adam = Adam::new(self.adam)?;
        Ok(Box::new(AdversarialTraining::new(ascent, adam, self.schedule, self.clean_weight)?))
    }

    fn schedule(&self) -> Epochs {
        self.schedule
    }
}
