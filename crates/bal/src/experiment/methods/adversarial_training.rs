//! `[adversarial_training]`: training on images that an attack made.

use super::MethodTable;
use anyhow::{Context, Result};
use bal_attacks::{AttackName, AttackSpec, Radius, SettingError, Settings, Within};
use bal_baselines::{AdversarialTraining, Epochs};
use bal_core::Method;
use bal_models::Sizes;
use bal_samplers::{Adam, AdamSettings};
use schemars::JsonSchema;
use serde::{
    Deserialize, Serialize, Serializer,
    ser::{Error as _, SerializeStruct},
};

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
    /// The attack on each batch.
    pub attack: AttackTable,
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
        self.name.parse::<AttackName>()?.of_file(&self.settings)
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

impl MethodTable for AdversarialSettings {
    fn method(&self) -> Result<Box<dyn Method>> {
        let attack = Box::new(self.attack.attack()?);
        let adam = Adam::new(self.adam)?;
        Ok(Box::new(AdversarialTraining::new(attack, adam, self.schedule, self.clean_weight)?))
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
