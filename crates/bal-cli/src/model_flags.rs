//! Which flags help with what is wrong with a model.

use anyhow::anyhow;
use bal_models::ModelError;

/// The error of a library, with the flags of this program that say what it asks for.
pub(crate) fn with_flags(error: ModelError) -> anyhow::Error {
    let flags = match &error {
        ModelError::ScriptLogits { .. } => "--classes",
        ModelError::ScriptNotFinite { .. } | ModelError::Normalisation { .. } => "--mean, --std",
        ModelError::Disagreement { key: "prediction", .. } => "--prediction",
        ModelError::Disagreement { key: "ensemble_gradient", .. } => "--ensemble-gradient",
        _ => return error.into(),
    };
    anyhow!("{error} ({flags})")
}
