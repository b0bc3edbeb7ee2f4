//! `[bnn]`: a Bayesian neural network, which is Bayesian adversarial learning on data that stay clean.

use super::MethodTable;
use anyhow::{Result, bail};
use bal_baselines::{Bal, BalSettings, Epochs};
use bal_core::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[bnn]`: the settings of Bayesian adversarial learning, without `[bnn.data]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BnnSettings(pub BalSettings);

impl MethodTable for BnnSettings {
    fn method(&self) -> Result<Box<dyn Method>> {
        if self.0.data.is_some() {
            bail!("[bnn] has no [bnn.data]: its data stay clean; use [bal]");
        }
        Ok(Box::new(Bal::new(self.0.clone())?))
    }

    fn schedule(&self) -> Epochs {
        self.0.schedule
    }

    fn chains(&self) -> Option<&BalSettings> {
        Some(&self.0)
    }
}
