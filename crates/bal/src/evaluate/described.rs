//! What the record of an evaluation says beside what its shards found: with it and the shards the record can be written.

use super::recorded;
use crate::{device, image_selection::Selected};
use anyhow::Result;
use bal_attacks::{AccuracyCurve, Attack, Measure, Protocol, Shard};
use bal_report::{Evaluation, ImageSet, Model, Split};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// An evaluation but for its shards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Described {
    attack: String,
    measure: Option<Measure>,
    /// The names of its parts, which shards number.
    parts: Vec<String>,
    radii: Vec<Option<f64>>,
    settings: Value,
    model: Model,
    tested: Tested,
    /// How many shards there are.
    pub(super) shards: usize,
    /// The images' numbers in the data set.
    pub(super) numbers: Vec<i64>,
    /// The file of each, of images of the user's own.
    pub(super) files: Option<Vec<String>>,
    /// The device of its parts, as the record has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    device: BTreeMap<String, String>,
}

/// The images that a model was tested on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tested {
    pub(super) dataset: String,
    pub(super) split: Split,
    pub(super) image_set: ImageSet,
}

impl Tested {
    /// The first `limit` of the chosen images.
    ///
    /// # Errors
    /// When their labels cannot be read.
    pub(crate) fn of(chosen: &Selected, limit: Option<u64>) -> Result<Self> {
        let image_set = chosen.image_set(limit)?;
        Ok(Self { dataset: chosen.dataset.clone(), split: chosen.split, image_set })
    }
}

impl Described {
    /// # Errors
    /// When the images' labels cannot be read.
    pub(super) fn of(
        attack: &Attack,
        protocol: &Protocol,
        settings: &Value,
        model: &Model,
        chosen: &Selected,
        shards: usize,
    ) -> Result<Self> {
        let radii = protocol.radii.map(|radii| radii.as_slice().iter().copied().map(Some).collect());
        let count = protocol.limit.map_or(usize::MAX, |limit| limit as usize).min(chosen.numbers.len());
        Ok(Self {
            attack: attack.name().to_owned(),
            measure: attack.measure(),
            parts: attack.parts().iter().map(ToString::to_string).collect(),
            radii: radii.unwrap_or_else(|| vec![None]),
            settings: settings.clone(),
            model: model.clone(),
            tested: Tested::of(chosen, protocol.limit)?,
            shards,
            numbers: chosen.numbers[..count].to_vec(),
            files: chosen.files.as_ref().map(|files| files[..count.min(files.len())].to_vec()),
            device: device::opened(),
        })
    }

    /// All its shards together, in order.
    pub(super) fn curve(&self, shards: &[Shard]) -> AccuracyCurve {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        AccuracyCurve::of(&self.attack, self.measure, &parts, self.radii.clone(), shards)
    }

    /// The record.
    pub(super) fn evaluation(&self, curve: &AccuracyCurve) -> Evaluation {
        let Self { settings, model, tested, device, .. } = self;
        recorded(curve, settings.clone(), model.clone(), tested.clone(), device.clone())
    }
}
