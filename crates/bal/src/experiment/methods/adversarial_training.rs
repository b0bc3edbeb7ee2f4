//! `[adversarial_training]`: training on images that an attack made.

use super::{MethodTable, NamedSources};
use crate::device;
use anyhow::{Context, Result, bail};
use bal_attacks::{AttackName, AttackSpec, Radius, SettingError, Settings, Within};
use bal_baselines::{AdversarialTraining, Epochs, Labels, Sources};
use bal_core::{Classifier, Method};
use bal_models::Sizes;
use bal_samplers::{Adam, AdamSettings};
use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize, Serializer,
    ser::{Error as _, SerializeStruct},
};
use std::path::PathBuf;
use tch::Device;

/// `[adversarial_training]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdversarialSettings {
    /// Passes over the images, in batches.
    pub schedule: Epochs,
    /// The optimizer.
    pub adam: AdamSettings,
    /// Share of the clean images' loss beside the adversarial ones', in `[0, 1]`.
    pub clean_weight: f64,
    /// Labels that the attack leads images away from: `given`, those of the data, or `predicted`, the classes that the attacked
    /// network takes the clean images for, which do not leak into the images; without it `given`.
    #[serde(default, skip_serializing_if = "Labels::are_given")]
    pub labels: Labels,
    /// The attack on each batch.
    pub attack: AttackTable,
    /// Other networks that the attack runs on, a random one for each batch (ensemble adversarial training).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sources: Option<SourceTable>,
}

/// `[adversarial_training.sources]`.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceTable {
    /// Experiments, beside this file, whose networks the attack runs on.
    ///
    /// Each is trained with the seed of its own file, so that runs of several seeds share it, unless a finished run of it is found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<PathBuf>,
    /// Files of weights, or folders of finished runs, relative to this file, whose networks the attack runs on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PathBuf>,
    /// Whether the network in training is one of those that the attack runs on.
    pub include_self: bool,
}

/// `[adversarial_training.attack]`; its settings are those that the attack has, all of them.
#[derive(Clone, Debug, JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackTable {
    /// Attack that makes the adversarial images.
    pub name: String,
    /// Radius of the attack: in its norm, on pixels in [0, 1]; of one that moves pixels in pixels, or degrees for poses.
    #[schemars(with = "f64")]
    pub radius: Radius,
    /// Of the attack.
    #[schemars(with = "AttackSpec")]
    pub settings: Settings,
}

impl AttackTable {
    fn spec(&self) -> Result<AttackSpec, SettingError> {
        let spec = self.name.parse::<AttackName>()?.of_file(&self.settings)?;
        spec.complete()?;
        Ok(spec)
    }

    /// Refuses the attack on a device where its gradients do not repeat.
    pub(crate) fn suits_device(&self, device: Device) -> Result<()> {
        device::takes_attack(device, &self.spec()?.build()?)
    }

    fn attack(&self) -> Result<Within> {
        Ok(Within::of(self.spec()?.build()?, self.radius.get())?)
    }
}

impl Serialize for AttackTable {
    /// Has the settings as the attack writes them, however they were said: digests are made of these bytes.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let settings = self.spec().map_err(S::Error::custom)?;
        let mut table = to.serialize_struct("AttackTable", 3)?;
        table.serialize_field("name", &self.name)?;
        table.serialize_field("radius", &self.radius)?;
        table.serialize_field("settings", &settings)?;
        table.end()
    }
}

impl AdversarialSettings {
    /// The method, with the attack on the network in training alone.
    fn alone(&self) -> Result<AdversarialTraining> {
        let attack = Box::new(self.attack.attack()?);
        let adam = Adam::new(self.adam)?;
        let method = AdversarialTraining::new(attack, adam, self.schedule, self.clean_weight)?;
        Ok(method.away_from(self.labels))
    }
}

impl MethodTable for AdversarialSettings {
    fn method(&self) -> Result<Box<dyn Method>> {
        if let Some(SourceTable { experiments, files, .. }) = &self.sources
            && experiments.is_empty()
            && files.is_empty()
        {
            bail!(
                "[adversarial_training.sources] names no network; name some under experiments or files, or leave the table \
                 out"
            );
        }
        Ok(Box::new(self.alone()?))
    }

    fn sources(&self) -> Option<NamedSources<'_>> {
        let SourceTable { experiments, files, .. } = self.sources.as_ref()?;
        Some(NamedSources { table: "adversarial_training.sources", experiments, files })
    }

    fn with_sources(&self, sources: Vec<Box<dyn Classifier>>) -> Result<Box<dyn Method>> {
        let include_self = self.sources.as_ref().is_none_or(|sources| sources.include_self);
        Ok(Box::new(self.alone()?.on(Sources::new(sources, include_self)?)))
    }

    fn schedule(&self) -> Epochs {
        self.schedule
    }

    /// Refuses an attack that is not defined for so many classes, or that does nothing sensible with images of this size.
    fn suits(&self, sizes: Sizes, dataset: &str) -> Result<()> {
        let suits = self.attack.attack()?.suits(sizes.classes, &sizes.input);
        suits.with_context(|| format!("[adversarial_training.attack] does not suit {dataset}"))
    }
}
