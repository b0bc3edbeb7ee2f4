//! Evaluation: what is left of a model's accuracy under an attack.

mod adversarial;
mod among;
mod described;
mod generator;
mod grid;
mod merge;
mod part;
mod prepared;
mod request;
mod rows;
mod seeds;
mod surrogate;
mod verify;
pub(crate) mod warnings;

use crate::{
    Checked, Note, Session, Work, check,
    compare::{Others, Planned},
    device,
    image_selection::{Selected, with_images},
    model_source::LoadedModel,
    outputs::{self, can_be_written},
    partial::Partial,
    ranks,
};
pub(crate) use adversarial::Adversarial;
pub use among::measure_beside;
use anyhow::Result;
use bal_attacks::{
    AccuracyCurve, Attack, Evaluated, EvaluationError, Gradients, ModelFault, Protocol, Settings, ShardStore,
};
use bal_core::{Classifier, ClassifierError, Images};
use bal_report::{Comparison, Evaluation, Model, Nearest, Pairing, PerImage, Reached, write_image_rows};
pub(crate) use described::Described;
use described::Tested;
pub use merge::{MergeRequest, Merged, merge};
pub use part::{Part, PartDone, evaluate_part};
use prepared::Prepared;
pub use request::{EvaluateRequest, Surrogate};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Mutex};
use tch::Tensor;
pub use verify::{Verified, VerifyRequest, verify};

/// Measures what is left of a model's accuracy, and writes the files that are asked for.
///
/// The result does not depend on the number of threads and of ranks, nor on whether it was interrupted.
///
/// # Errors
/// When a model, its images or a file cannot be read, what is asked for does not fit the model, or a file cannot be written.
pub fn evaluate(request: &EvaluateRequest, session: &Session) -> Result<Evaluation> {
    measure(request, session)?.write()
}

/// An evaluation whose files are not written yet.
#[must_use = "its files are not written yet"]
pub struct Measured<'a> {
    /// What was measured.
    pub evaluation: Evaluation,
    /// What the checks found, if they were asked for.
    pub checks: Option<Checked>,
    /// Signs that the accuracy is higher than it should be.
    pub warnings: Vec<Note>,
    /// What comes of the comparisons that were asked for, in their order.
    pub comparisons: Vec<Comparison>,
    request: &'a EvaluateRequest,
    curve: AccuracyCurve,
    chosen: Selected,
    x: Option<Tensor>,
    witness: Option<Tensor>,
    together: usize,
    partials: Vec<Partial>,
}

/// The first half of [`evaluate`]: everything but the files. Of several ranks ([`Session::among`]) rank 0 calls it, and the others
/// [`measure_beside`].
///
/// # Errors
/// As [`evaluate`]; when ranks differ, or one is lost.
pub fn measure<'a>(request: &'a EvaluateRequest, session: &Session) -> Result<Measured<'a>> {
    match session.cluster() {
        None => measure_here(request, session),
        Some(cluster) => ranks::ended(cluster, measure_here(request, session)),
    }
}

fn measure_here<'a>(request: &'a EvaluateRequest, session: &Session) -> Result<Measured<'a>> {
    can_be_written(request.outputs.files())?;
    request.attack()?;
    let seeds = seeds::of(request)?;
    let others = Others::read(&request.against)?;
    let prepared = Prepared::of(request, &seeds, |file, seed| seeds::beside(file, request, seed), session)?;
    let protocol = prepared.protocol(request);
    if let Some(cluster) = session.cluster() {
        among::agree(cluster, &prepared, &seeds)?;
    }
    let Prepared { spec, attack, settings, classifier, model, chosen, partials, .. } = &prepared;
    let (name, limit) = (model.source.as_str(), request.images.limit);
    let pairing = pairing(&protocol, chosen, settings)?;
    let planned = Planned { name, pairing, attack: attack.name(), settings, seeds: request.seeds };
    others.fit(&planned, session)?;
    let mut checks = None;
    if request.check {
        if let Some(note) = check::other_radii(spec) {
            session.observer().note(&note);
        }
        let found = check::check(request, spec, &**classifier, &chosen.images, &session.workers)
            .map_err(|error| of_model(error, model))?;
        session.observer().checked(&found);
        checks = Some(found);
    }
    let (Evaluated { curve, x, witness }, each) =
        seeds::attacked(&seeds, (&**classifier, model), chosen, &protocol, partials, session)?;
    let (warnings, together) = (warnings::of(&curve), protocol.together(&session.workers));
    let Prepared { settings, model, chosen, partials, .. } = prepared;
    let evaluation = measured(&curve, settings, model, &chosen, limit)?;
    let evaluation = Evaluation { seeds: (each.len() > 1).then_some(each), ..evaluation };
    let comparisons = others.compared(&evaluation, None)?;
    Ok(Measured {
        evaluation,
        checks,
        warnings,
        comparisons,
        request,
        curve,
        chosen,
        x,
        witness,
        together,
        partials,
    })
}

impl Measured<'_> {
    /// Writes the files that were asked for, and removes what was kept to go on with.
    ///
    /// # Errors
    /// When one cannot be written; asked for again, the evaluation goes on with what is kept.
    pub fn write(self) -> Result<Evaluation> {
        let Self { evaluation, request, curve, chosen, x, witness, together, partials, .. } = self;
        let outputs = &request.outputs;
        if let Some(path) = &outputs.json {
            evaluation.write(path)?;
        }
        if let Some(path) = &outputs.csv {
            evaluation.write_csv(path)?;
        }
        if let Some(path) = &outputs.per_image {
            write_image_rows(path, &rows::rows(&curve, &chosen.numbers, chosen.files.as_deref()))?;
        }
        if let Some(x) = x {
            let clean = chosen.images.batch(&curve.indices).x.to_device(tch::Device::Cpu);
            let adversarial =
                Adversarial::of(&evaluation, &curve, (x, witness, clean), &chosen.numbers, together);
            if let Some(path) = &outputs.grid {
                outputs::write(path, &grid::grid(&adversarial, &curve)?.png()?)?;
            }
            if let Some(path) = &outputs.save {
                adversarial.write(path)?;
            }
        }
        partials.into_iter().try_for_each(Partial::remove)?;
        Ok(evaluation)
    }
}

/// Names the model that an attack failed on, where the error does not name its file.
pub(crate) fn of_model(error: anyhow::Error, model: &Model) -> anyhow::Error {
    fn names_a_file(error: &EvaluationError) -> bool {
        match error {
            EvaluationError::During { source, .. } => names_a_file(source),
            EvaluationError::Store(_) => true,
            error => matches!(error.model_fault(), Some(ModelFault::Model(ClassifierError::File { .. }))),
        }
    }
    if error.downcast_ref::<EvaluationError>().is_none_or(names_a_file) {
        return error;
    }
    error.context(model.source.clone())
}

/// What has to agree with evaluations that this one is compared with.
fn pairing(protocol: &Protocol, chosen: &Selected, settings: &Value) -> Result<Pairing> {
    let limit = protocol.limit;
    let radii = protocol.radii.map(|radii| radii.as_slice().iter().copied().map(Some).collect());
    Ok(Pairing {
        norm: protocol.attack.measure().map(|measure| measure.to_string()),
        radii: radii.unwrap_or_else(|| vec![None]),
        images: limit.unwrap_or(u64::MAX).min(chosen.images.len() as u64),
        dataset: chosen.dataset.clone(),
        split: chosen.split,
        drawn_by: Pairing::drawn_by(settings),
        digest: Some(chosen.image_set(limit)?.digest),
    })
}

/// All that the record says of the attack with this seed, beside its radii.
fn settings(
    request: &EvaluateRequest,
    said: &Settings,
    attack: &Attack,
    surrogate: Option<&LoadedModel>,
    seed: u64,
) -> Value {
    let settings = with_images(said, &request.images, seed);
    match surrogate {
        Some(surrogate) => of_surrogate(settings, attack.name(), surrogate.name()),
        None => settings,
    }
}

/// The settings of an attack, with its name and that of the surrogate which it ran on.
pub(crate) fn of_surrogate(mut settings: Value, attack: &str, surrogate: &str) -> Value {
    if let Some(map) = settings.as_object_mut() {
        map.insert("attack".into(), json!(attack));
        map.insert("surrogate".into(), json!(surrogate));
    }
    settings
}

/// Attacks images, and shows under `title` how far it has come.
pub(crate) fn attack(
    title: &str,
    classifier: &dyn Classifier,
    images: &Images,
    protocol: &Protocol,
    store: &dyn ShardStore,
    session: &Session,
) -> Result<Evaluated> {
    let total = protocol.limit.unwrap_or(u64::MAX).min(images.len() as u64);
    let work = Work { title, unit: "images", total, done: 0 };
    let display = Mutex::new(session.observer().begin(&work));
    let evaluated = bal_attacks::evaluate_with_store(
        classifier,
        images,
        protocol,
        &session.workers,
        store,
        &|progress| {
            if let Ok(mut display) = display.lock() {
                let right =
                    progress.correct.iter().map(|&c| format!("{:.3}", c as f64 / progress.images as f64));
                display.recalled(progress.recalled as u64);
                display.show(progress.images as u64, &right.collect::<Vec<_>>().join(" "));
            }
        },
    )?;
    if let Ok(mut display) = display.lock() {
        display.finish();
    }
    Ok(evaluated)
}

/// What the record says of the first `limit` images.
pub(crate) fn measured(
    curve: &AccuracyCurve,
    settings: Value,
    model: Model,
    chosen: &Selected,
    limit: Option<u64>,
) -> Result<Evaluation> {
    Ok(recorded(curve, settings, model, Tested::of(chosen, limit)?, device::opened()))
}

/// What the record says of the images that were tested on.
fn recorded(
    curve: &AccuracyCurve,
    settings: Value,
    model: Model,
    tested: Tested,
    device: BTreeMap<String, String>,
) -> Evaluation {
    let Tested { dataset, split, image_set } = tested;
    let counts = |column: usize| {
        let parts = curve.parts.iter().cloned();
        parts.zip(curve.broken_by(column).into_iter().map(|count| count as u64)).collect()
    };
    let nearest = |distances: &Vec<Option<f64>>| Nearest {
        median: curve.median_distance(),
        distances: distances.clone(),
        not_found: curve.not_found() as u64,
    };
    let zero = |(part, gradients): (&String, &Gradients)| Some((part.clone(), gradients.share_zero()?));
    let zero_gradients: BTreeMap<String, f64> =
        curve.parts.iter().zip(&curve.gradients).filter_map(zero).collect();
    Evaluation {
        attack: curve.attack.clone(),
        norm: curve.measure.map(|measure| measure.to_string()),
        radii: curve.radii.clone(),
        accuracy: curve.accuracy(),
        images: curve.images() as u64,
        settings,
        per_image: PerImage::of_flags(&curve.correct),
        reached: curve.reached.iter().map(|r| Reached { l2: r.l2, linf: r.linf, size: r.size }).collect(),
        model,
        dataset,
        split,
        broken_by: (curve.parts.len() > 1).then(|| (0..curve.radii.len()).map(counts).collect()),
        nearest: curve.distances.as_ref().map(nearest),
        zero_gradients: (!zero_gradients.is_empty()).then_some(zero_gradients),
        seeds: None,
        image_set: Some(image_set),
        device,
    }
}
