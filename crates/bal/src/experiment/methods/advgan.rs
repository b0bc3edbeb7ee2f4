//! `[advgan]`: a network that attacks others.

use super::{MethodTable, NamedSources};
use crate::Experiment;
use anyhow::{Result, bail};
use bal_baselines::{Advgan, AdvganSettings, Epochs};
use bal_core::{Classifier, Member, Method, NoiseKey, NoiseStream, Purpose};
use bal_models::{Ensemble, Sizes};
use bal_samplers::{Adam, AdamSettings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[advgan]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvganTraining {
    /// Passes over the images, in batches.
    pub schedule: Epochs,
    /// Optimizer of the generator, and another one of the discriminator.
    pub adam: AdamSettings,
    /// What the generator lowers.
    pub generator: AdvganSettings,
    /// Networks that the generator attacks.
    pub victims: VictimTable,
}

/// `[advgan.victims]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VictimTable {
    /// Experiments, beside this file, whose networks the generator attacks.
    ///
    /// Each is trained with the seed of its own file, so that runs of several seeds share it, unless a finished run of it is found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<PathBuf>,
    /// Files of weights, or folders of finished runs, relative to this file, whose networks the generator attacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
}

impl AdvganTraining {
    fn alone(&self) -> Result<Advgan> {
        Ok(Advgan::new(self.generator, Adam::new(self.adam)?, self.schedule)?)
    }
}

impl MethodTable for AdvganTraining {
    fn method(&self) -> Result<Box<dyn Method>> {
        Ok(Box::new(self.alone()?))
    }

    fn sources(&self) -> Option<NamedSources<'_>> {
        let VictimTable { experiments, files } = &self.victims;
        Some(NamedSources { table: "advgan.victims", experiments, files })
    }

    fn with_sources(&self, victims: Vec<Box<dyn Classifier>>) -> Result<Box<dyn Method>> {
        Ok(Box::new(self.alone()?.against(victims)))
    }

    /// Against untrained networks, as many as there are victims.
    fn on_trial(&self, sizes: Sizes) -> Result<Box<dyn Method>> {
        let network = bal_models::architecture("cnn", Some(sizes))?;
        let key = NoiseKey { seed: 0, purpose: Purpose::Initialisation, sweep: 0, chain: 0 };
        let untrained = |_| {
            let member = Member::init(&network, &mut NoiseStream::new(key));
            Box::new(Ensemble::of_one(member)) as Box<dyn Classifier>
        };
        let victims = self.victims.experiments.len() + self.victims.files.len();
        self.with_sources((0..victims).map(untrained).collect())
    }

    fn schedule(&self) -> Epochs {
        self.schedule
    }

    fn agrees(&self, _experiment: &Experiment) -> Result<()> {
        if self.victims.experiments.is_empty() && self.victims.files.is_empty() {
            bail!("[advgan.victims] names no network to attack; name some under experiments or files");
        }
        Ok(())
    }
}
