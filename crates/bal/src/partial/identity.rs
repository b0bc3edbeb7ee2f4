//! What finished shards depend on.

use crate::{ModelFiles, ModelSource, Session, image_selection::Selected, model_source::LoadedModel};
use anyhow::Result;
use bal_attacks::{AttackName, Radii};
use serde_json::{Value, json};

/// Everything that the shards of an evaluation depend on, beside the version of this program.
pub(crate) struct Identity<'a> {
    /// The model, and a surrogate if the attack is on one.
    pub(crate) sources: &'a [&'a LoadedModel],
    pub(crate) model: &'a ModelSource,
    pub(crate) chosen: &'a Selected,
    pub(crate) limit: Option<u64>,
    pub(crate) attack: &'a str,
    /// Of the attack, with the seed.
    pub(crate) settings: &'a Value,
    pub(crate) radii: Option<&'a Radii>,
    /// Whether attacked images are kept.
    pub(crate) images: bool,
}

impl Identity<'_> {
    /// As it is written down.
    ///
    /// # Errors
    /// When the images cannot be read.
    pub(crate) fn value(&self, session: &Session) -> Result<Value> {
        let Self { sources, model, chosen, limit, attack, settings, radii, images } = *self;
        // It may begin at any image of the set.
        let seen = if attack == AttackName::HopSkipJump.name() { None } else { limit };
        let used = used(model);
        Ok(json!({
            "attack": attack,
            "settings": settings,
            "radii": radii.map(Radii::as_slice),
            "limit": limit,
            "split": chosen.split,
            // Wherever they lie.
            "digest of the images": chosen.image_set(seen)?.digest,
            "weights": sources.iter().map(|source| source.digests()).collect::<Vec<_>>(),
            "members": used["members"],
            "architecture": used["architecture"],
            "prediction": used["prediction"],
            "classes": used["classes"],
            "mean": used["mean"],
            "std": used["std"],
            "images": images,
            "device": format!("{:?}", chosen.images.device()),
            "versions": session.versions(),
        }))
    }
}

/// How a model is used, beside its weights.
pub(crate) fn used(model: &ModelSource) -> Value {
    let architecture = match &model.files {
        ModelFiles::Weights { architecture, .. } => architecture.as_ref(),
        _ => None,
    };
    let saved = model.saved().cloned().unwrap_or_default();
    json!({
        "members": model.members,
        "architecture": architecture,
        "prediction": model.prediction.map(|prediction| prediction.to_string()),
        "classes": saved.classes,
        "mean": saved.mean,
        "std": saved.std,
    })
}
