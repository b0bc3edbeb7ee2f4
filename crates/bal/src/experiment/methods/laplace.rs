//! `[laplace]`: a Gaussian around the weights of the start.

use super::MethodTable;
use crate::Experiment;
use anyhow::{Result, bail};
use bal_baselines::{Epochs, Laplace, LaplaceSettings};
use bal_core::Method;

impl MethodTable for LaplaceSettings {
    fn method(&self) -> Result<Box<dyn Method>> {
        Ok(Box::new(Laplace::new(self.clone())?))
    }

    fn schedule(&self) -> Epochs {
        Self::schedule(self)
    }

    fn agrees(&self, experiment: &Experiment) -> Result<()> {
        if experiment.start.is_none() {
            bail!("[laplace] needs a [start]: it trains nothing, and is a Gaussian around trained weights");
        }
        if self.search.is_some() && experiment.held_out == 0 {
            bail!(
                "[laplace.search] needs held-out images, and held_out is 0; hold some out, or give `scale` and `precision`"
            );
        }
        Ok(())
    }
}
