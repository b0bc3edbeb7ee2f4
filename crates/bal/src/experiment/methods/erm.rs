//! `[erm]`: empirical risk minimisation.

use super::MethodTable;
use anyhow::Result;
use bal_baselines::{AdversarialTraining, Epochs};
use bal_core::Method;
use bal_samplers::{Adam, AdamSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[erm]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErmSettings {
    /// Passes over the images, in batches.
    pub schedule: Epochs,
    /// The optimizer.
    pub adam: AdamSettings,
}

impl MethodTable for ErmSettings {
    fn method(&self) -> Result<Box<dyn Method>> {
        Ok(Box::new(AdversarialTraining::erm(Adam::new(self.adam)?, self.schedule)?))
    }

    fn schedule(&self) -> Epochs {
        self.schedule
    }
}
