//! Another model that the attack runs on, so that its images can be shown to the one that is measured.

use crate::{
    EvaluateRequest, ModelFiles, ModelSource, Saved, Session, image_selection::Selected,
    model_source::LoadedModel,
};
use anyhow::{Result, bail};
use std::path::Path;

/// The surrogate of the request, to attack these images; `None` without one.
///
/// # Errors
/// When it cannot be read, or tells other classes apart.
pub(crate) fn read(
    request: &EvaluateRequest,
    chosen: &Selected,
    session: &Session,
) -> Result<Option<LoadedModel>> {
    let Some(surrogate) = &request.surrogate else { return Ok(None) };
    let model = match &surrogate.at {
        Some(path) => named(&request.model, path),
        // Other members of the same posterior.
        None => request.model.clone(),
    };
    if !surrogate.members.is_empty() && model.saved().is_some() {
        bail!(
            "the surrogate's members are chosen among a posterior's; of files that PyTorch saved name those you mean"
        );
    }
    let model = ModelSource { members: surrogate.members.clone(), ..model };
    let source = model.load(session.device)?;
    if let Some(remark) = source.agrees(chosen)? {
        session.observer().note(&remark);
    }
    Ok(Some(source))
}

/// A run folder, weights, or what PyTorch saved and sees pixels as the model does.
fn named(model: &ModelSource, path: &Path) -> ModelSource {
    let files = match (ModelSource::at(path).files, &model.files) {
        (
            ModelFiles::TorchScript(Saved { files, .. }),
            ModelFiles::TorchScript(own) | ModelFiles::Exported(own),
        ) => ModelFiles::TorchScript(Saved { files, ..own.clone() }),
        (
            ModelFiles::Exported(Saved { files, .. }),
            ModelFiles::TorchScript(own) | ModelFiles::Exported(own),
        ) => ModelFiles::Exported(Saved { files, ..own.clone() }),
        (ModelFiles::Weights { files, .. }, ModelFiles::Weights { architecture, .. }) => {
            ModelFiles::Weights { files, architecture: architecture.clone() }
        }
        (files, _) => files,
    };
    // A run and what it writes say themselves what their classes are called.
    let class_names = model.class_names.clone().filter(|_| !matches!(files, ModelFiles::Run(_)));
    ModelSource { files, class_names, ..model.clone() }
}
