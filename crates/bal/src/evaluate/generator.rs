//! The network that makes the images of the attack `advgan`.

use crate::{
    EvaluateRequest, ModelSource, Note, Session, image_selection::Selected, model_source::LoadedModel,
};
use anyhow::{Context, Result};
use bal_attacks::{AdvGan, Attack, Norm, SettingError};
use bal_core::Role;
use serde_json::{Value, json};
use std::path::Path;

/// A generator that was read.
pub(super) struct Generator {
    pub(super) source: LoadedModel,
    by: AdvGan,
}

/// The generator of the request, for these images; `None` without one.
///
/// # Errors
/// When it cannot be read, is no generator, or is one of other images.
pub(super) fn read(
    request: &EvaluateRequest,
    chosen: &Selected,
    session: &Session,
) -> Result<Option<Generator>> {
    let Some(path) = &request.generator else { return Ok(None) };
    let source = ModelSource::at(path).load(session.device)?;
    fits(&source, path, &chosen.images.shape())?;
    let members = source.posterior().map_or(&[][..], |posterior| &posterior.members);
    let by = AdvGan::by(members.iter().map(|member| member.to_device(source.device())).collect())
        .with_context(|| source.name().to_string())?;
    let generator = Generator { source, by };
    let trained = generator.by.radius();
    let radii = request.radii.as_ref().map_or(&[][..], |radii| radii.as_slice());
    // Radius 0 is the clean images, of whichever generator.
    let others: Vec<String> = radii
        .iter()
        .filter(|&&radius| radius > 0.0 && trained.is_some_and(|trained| (radius - trained).abs() > 1e-6))
        .map(ToString::to_string)
        .collect();
    if let (Some(trained), false) = (trained, others.is_empty()) {
        session.observer().note(&Note::news(format!(
            "{} was trained for the radius {}; at {} its changes are scaled, and another generator may do better",
            generator.source.name(),
            // As it was given, and not as a single-precision number is written in double.
            trained as f32,
            others.join(", ")
        )));
    }
    Ok(Some(generator))
}

impl Generator {
    /// The attack.
    pub(super) fn attack(&self) -> Attack {
        Attack::in_balls(Norm::LInf, self.by.clone())
    }

    /// The settings of the attack, and whose images they are.
    pub(super) fn named_in(&self, mut settings: Value) -> Value {
        if let Some(map) = settings.as_object_mut() {
            map.insert("generator".into(), json!(self.source.name()));
        }
        settings
    }
}

/// Refuses what is no generator, and one of images of another shape.
fn fits(source: &LoadedModel, path: &Path, images: &[i64]) -> Result<()> {
    let context = || format!("{} cannot be a generator", path.display());
    let network = match source.posterior() {
        Some(posterior) => posterior.first_network()?,
        None => return Err(SettingError::NoGenerator("that PyTorch saved".into())).with_context(context),
    };
    if network.role() != Role::Generator {
        return Err(SettingError::NoGenerator(network.name().into())).with_context(context);
    }
    if network.input() != images {
        let found = [&[1], images].concat();
        return Err(SettingError::GeneratorImages { expected: network.input(), found }).with_context(context);
    }
    Ok(())
}
