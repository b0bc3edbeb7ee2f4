//! What is wrong with a model, and the flags that say what it asks for.

use bal_models::ModelError;

pub(super) fn told(error: &ModelError) -> String {
    let flags = match error {
        ModelError::ScriptLogits { .. } => "--classes",
        ModelError::ScriptNotFinite { .. } | ModelError::Normalisation { .. } => "--mean, --std",
        ModelError::Disagreement { key: "prediction", .. } => "--prediction",
        ModelError::Disagreement { key: "ensemble_gradient", .. } => "--ensemble-gradient",
        _ => return error.to_string(),
    };
    format!("{error} ({flags})")
}
