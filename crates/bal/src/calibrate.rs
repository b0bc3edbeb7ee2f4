//! Calibration: how good a model's probabilities are, and whether its uncertainty tells attacked images.

mod attacks;
mod measured;
mod request;

use crate::{
    Session,
    answers::Answers,
    evaluate::{attack, of_model, warnings},
    image_selection::{Selected, with_images},
    model_source::ReadyModel,
    outputs::{self, can_be_written},
    partial::{Identity, Partial},
};
use anyhow::{Context, Result, bail};
use attacks::Attacks;
use bal_attacks::{Attack, AttackSpec, Evaluated, LossName, NoStore, PgdSettings, Protocol, ShardStore};
use bal_report::calibration::{Attacked, CalibrationReport, Detections, Measured};
use measured::Shown;
pub use request::CalibrateRequest;
use std::path::{Path, PathBuf};
use tch::Tensor;

const NO_IMAGES: &str = "there are no images to calibrate on";

impl CalibrateRequest {
    /// Whether its attacks can be made.
    ///
    /// # Errors
    /// For settings that no attack can have.
    pub fn check(&self) -> Result<()> {
        Attacks::new(self, bal_core::EnsembleGradient::Predictive).map(drop)
    }
}

/// A calibration whose file is not written yet.
#[must_use = "its file is not written yet"]
pub struct Calibrated<'a> {
    /// What was measured.
    pub report: CalibrationReport,
    json: Option<&'a Path>,
    partials: Vec<Partial>,
}

impl Calibrated<'_> {
    /// Writes the file that was asked for, and removes what was kept to go on with.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(self) -> Result<CalibrationReport> {
        if let Some(path) = self.json {
            self.report.write(path)?;
        }
        self.partials.into_iter().try_for_each(Partial::remove)?;
        Ok(self.report)
    }
}

/// Measures how good a model's probabilities are, and whether its uncertainty tells attacked images; the file is written by
/// [`Calibrated::write`].
///
/// # Errors
/// When something cannot be read, or what is asked for does not fit the model.
pub fn calibrate<'a>(request: &'a CalibrateRequest, session: &Session) -> Result<Calibrated<'a>> {
    can_be_written(request.json.as_deref())?;
    // Settings that no attack can have are found before anything is read.
    request.check()?;
    let source = request.model.load(session.device)?;
    if request.radii.is_some() {
        source.takes_attacks()?;
    }
    let attacks = Attacks::new(request, source.ensemble_gradient())?;
    let chosen = Selected::by(&request.images, request.seed, session, &source)?;
    let limit = request.images.limit;
    let sources = [&source];
    let partial = |settings: &PgdSettings, pgd: &Attack| -> Result<Option<Partial>> {
        let Some(json) = request.json.as_deref().and_then(outputs::file) else { return Ok(None) };
        let identity = Identity {
            sources: &sources,
            model: &request.model,
            chosen: &chosen,
            limit,
            attack: pgd.name(),
            settings: &with_images(&AttackSpec::Pgd(*settings).settings(), &request.images, request.seed),
            radii: request.radii.as_ref(),
            images: true,
        };
        Ok(Some(Partial::beside(&of_loss(&json, settings.loss), &identity, session)?))
    };
    let partials: Vec<Option<Partial>> =
        attacks.each().map(|(settings, pgd)| partial(settings, pgd)).collect::<Result<_>>()?;
    let ReadyModel { classifier, model } = source.classifier(chosen.shown(limit), session)?;
    let classes = classifier.classes() as u64;

    let count = limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let places: Vec<i64> = (0..chosen.images.len().min(count)).collect();
    let batch = chosen.images.batch(&places);
    let numbers = &chosen.numbers[..places.len()];
    let labels = labels(batch.classes()?, numbers, classes, &chosen.dataset)?;
    let shown = |x: &Tensor| -> Result<Shown> {
        let answers = Answers::of(&*classifier, x, numbers, session.device, &session.workers)?;
        Shown::new(&answers, &labels)
    };
    let clean = shown(&batch.x)?;
    let of = |shown: &Shown| -> Result<Measured> {
        Measured::of(&shown.answers, &shown.doubt, classes).context(NO_IMAGES)
    };
    let mut attacked = Vec::new();
    for ((PgdSettings { loss, .. }, pgd), partial) in attacks.each().zip(&partials) {
        let protocol = Protocol { attack: pgd, radii: request.radii.as_ref(), limit, seed: request.seed };
        let store: &dyn ShardStore = partial.as_ref().map_or(&NoStore { images: true }, |partial| partial);
        let title = format!("pgd, {loss}");
        let Evaluated { x, curve, .. } =
            attack(&title, &*classifier, &chosen.images, &protocol, store, session)
                .map_err(|error| of_model(error, &model))?;
        session.note_all(&warnings::of(&curve));
        let x = x.context("the attack gave no images")?;
        for (column, radius) in curve.radii.iter().enumerate() {
            let there = shown(&x.get(column as i64))?;
            let detections = |doubt: &_| Detections::of(doubt, &clean.doubt);
            attacked.push(Attacked {
                loss: loss.to_string(),
                norm: attacks.norm().to_string(),
                radius: radius.context("the attack has no radius")?,
                measured: of(&there)?,
                detection: detections(&there.doubt).context(NO_IMAGES)?,
                detection_of_wrong: detections(&there.doubt.only(&there.wrong())),
            });
        }
    }
    let report = CalibrationReport {
        model,
        dataset: chosen.dataset.clone(),
        split: chosen.split,
        images: labels.len() as u64,
        classes,
        settings: attacks.settings(request),
        clean: of(&clean)?,
        attacked,
        image_set: Some(chosen.image_set(limit)?),
    };
    let partials = partials.into_iter().flatten().collect();
    Ok(Calibrated { report, json: request.json.as_deref(), partials })
}

/// The file beside which what is finished of this loss's attack is kept.
fn of_loss(json: &Path, loss: LossName) -> PathBuf {
    let mut name = json.as_os_str().to_owned();
    name.push(format!(".{loss}"));
    name.into()
}

/// The labels, each a class of the model.
fn labels(y: &Tensor, numbers: &[i64], classes: u64, dataset: &str) -> Result<Vec<usize>> {
    let label = |(label, number): (i64, &i64)| match usize::try_from(label) {
        Ok(class) if (class as u64) < classes => Ok(class),
        _ => bail!(
            "image {number} of {dataset} has label {label}, but the model has {classes} classes (from 0)"
        ),
    };
    Vec::<i64>::try_from(y)?.into_iter().zip(numbers).map(label).collect()
}
