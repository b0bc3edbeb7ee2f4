//! `[bal]`: Bayesian adversarial learning.

use super::MethodTable;
use anyhow::{Result, bail};
use bal_baselines::{Bal, BalSettings, Epochs};
use bal_core::Method;

impl MethodTable for BalSettings {
    fn method(&self) -> Result<Box<dyn Method>> {
        if self.data.is_none() {
            bail!("[bal] needs [bal.data], how the adversarial data move");
        }
        Ok(Box::new(Bal::new(self.clone())?))
    }

    fn schedule(&self) -> Epochs {
        self.schedule
    }

    fn chains(&self) -> Option<&BalSettings> {
        Some(self)
    }
}
