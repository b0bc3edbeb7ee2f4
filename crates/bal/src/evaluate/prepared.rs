//! What an evaluation needs before its attack begins.

use super::{generator, settings, surrogate};
use crate::{
    EvaluateRequest, ReadyModel, Session, device,
    image_selection::Selected,
    model_source::LoadedModel,
    outputs,
    partial::{Identity, Partial},
};
use anyhow::{Context, Result};
use bal_attacks::{Attack, AttackSpec, Protocol, Settings, Transfer};
use bal_core::Classifier;
use bal_report::Model;
use serde_json::Value;
use std::{
    iter,
    path::{Path, PathBuf},
};

/// An evaluation that could begin.
pub(super) struct Prepared {
    pub(super) spec: AttackSpec,
    /// For so many classes as the model has, and on the surrogate if there is one.
    pub(super) attack: Attack,
    /// All that the record says of the attack, beside its radii.
    pub(super) settings: Value,
    pub(super) classifier: Box<dyn Classifier>,
    pub(super) model: Model,
    pub(super) chosen: Selected,
    /// What is kept of each seed; empty where no file is written, and on ranks other than 0.
    pub(super) partials: Vec<Partial>,
    /// Everything that the shards of the first seed depend on; of several ranks only.
    pub(super) identity: Option<Value>,
}

impl Prepared {
    /// Reads the model and the images, and opens what is kept of each seed: beside the file that `beside` makes of the first
    /// output that is one, not a pipe.
    ///
    /// # Errors
    /// When a file cannot be read, or what is asked for does not fit the model.
    pub(super) fn of(
        request: &EvaluateRequest,
        seeds: &[u64],
        beside: impl Fn(&Path, u64) -> PathBuf,
        session: &Session,
    ) -> Result<Self> {
        let source = request.model.load(session.device)?;
        // Unless told otherwise an attack sees what the weights say that attacks should see.
        let spec = match request.attack.ensemble_gradient() {
            Some(_) => request.attack.following(source.ensemble_gradient())?,
            None => request.attack,
        };
        let chosen = Selected::by(&request.images, request.seed, session, &source)?;
        let other = surrogate::read(request, &chosen, session)?;
        let generator = generator::read(request, &chosen, session)?;
        let attack = match &generator {
            Some(generator) => generator.attack(),
            None => spec.build()?,
        };
        let settings = |said: &Settings, attack: &Attack, seed| {
            let settings = settings(request, said, attack, other.as_ref(), seed);
            generator.iter().fold(settings, |settings, generator| generator.named_in(settings))
        };
        let files = generator.as_ref().map(|generator| &generator.source);
        let sources: Vec<&LoadedModel> = iter::once(&source).chain(&other).chain(files).collect();
        let (limit, radii) = (request.images.limit, request.radii.as_ref());
        let identity = |seed: u64| {
            let identity = Identity {
                sources: &sources,
                model: &request.model,
                chosen: &chosen,
                limit,
                attack: attack.name(),
                settings: &settings(&spec.settings(), &attack, seed),
                radii,
                images: request.keeps_images(),
            };
            identity.value(session)
        };
        let partial = |file: &Path, seed: u64| {
            Partial::of(&beside(file, seed), identity(seed)?, request.keeps_images(), session)
        };
        let compared = session.cluster().map(|_| identity(request.seed)).transpose()?;
        let file = request.outputs.files().find_map(outputs::file).filter(|_| session.is_first());
        let partials = match file {
            Some(file) => seeds.iter().map(|&seed| partial(&file, seed)).collect::<Result<_>>()?,
            None => vec![],
        };
        source.takes_attacks()?;
        device::takes_attack(session.device, &attack)?;
        let ReadyModel { classifier, model } = source.classifier(chosen.shown(limit), session)?;
        let attack = attack.for_classes(classifier.classes()).with_context(|| model.source.clone())?;
        // For few classes an attack may be another, and the record says so.
        let recorded = spec.recorded(classifier.classes());
        let settings = settings(&recorded, &attack, request.seed);
        let attack = match other {
            Some(source) => {
                let surrogate = source.classifier(chosen.shown(limit), session)?.classifier;
                Transfer::of(surrogate, attack)
            }
            None => attack,
        };
        let identity = compared;
        let prepared = Self { spec, attack, settings, classifier, model, chosen, partials, identity };
        prepared.protocol(request).fits(prepared.classifier.classes(), &prepared.chosen.images)?;
        Ok(prepared)
    }

    pub(super) fn protocol<'a>(&'a self, request: &'a EvaluateRequest) -> Protocol<'a> {
        let EvaluateRequest { images, radii, seed, .. } = request;
        Protocol { attack: &self.attack, radii: radii.as_ref(), limit: images.limit, seed: *seed }
    }
}
