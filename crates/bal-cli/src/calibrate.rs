//! `bal calibrate`.

mod attacks;
mod measured;
mod table;

use crate::{
    answers::Answers,
    args::Calibrate,
    chosen::{Chosen, with_images},
    evaluate::{attack, of_model, warnings},
    output::{self, can_be_written},
    partial::{Identity, Partial},
    subject::{self, Subject},
};
use anyhow::{Context, Result, bail};
use attacks::Attacks;
use bal_attacks::{Attack, Evaluated, Forget, Keep, LossName, Protocol};
use bal_report::calibration::{Attacked, CalibrationReport, Detections, Measured};
use measured::Shown;
use std::path::{Path, PathBuf};
use tch::Tensor;

const NO_IMAGES: &str = "there are no images to calibrate on";

/// Measures how good the probabilities of what the flags name are, and whether its uncertainty tells attacked images.
pub(crate) fn calibrate(flags: &Calibrate) -> Result<()> {
    can_be_written(flags.json.as_deref())?;
    // Settings that no attack can have are found before anything is read.
    Attacks::new(flags, bal_core::EnsembleGradient::Predictive)?;
    let workers = flags.machine.workers()?;
    let source = subject::read(&flags.model, flags.ensemble_gradient, flags.machine.device)?;
    let attacks = Attacks::new(flags, source.ensemble_gradient())?;
    let chosen = Chosen::by(&flags.images, flags.seed, &flags.machine, &source)?;
    let limit = flags.images.limit;
    let sources = [&source];
    let partial = |loss: LossName, pgd: &dyn Attack| -> Result<Option<Partial>> {
        let Some(json) = flags.json.as_deref().and_then(output::file) else { return Ok(None) };
        let identity = Identity {
            sources: &sources,
            model: &flags.model,
            chosen: &chosen,
            limit,
            attack: pgd.name(),
            settings: &with_images(&pgd.settings(), &flags.images, flags.seed),
            radii: flags.radius.as_ref(),
            images: true,
        };
        Ok(Some(Partial::beside(&of_loss(&json, loss), &identity)?))
    };
    let partials: Vec<Option<Partial>> =
        attacks.each().map(|(loss, pgd)| partial(loss, pgd)).collect::<Result<_>>()?;
    let Subject { classifier, model } = source.classifier(chosen.shown(limit))?;
    let classes = classifier.classes() as u64;

    let count = limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let places: Vec<i64> = (0..chosen.images.len().min(count)).collect();
    let batch = chosen.images.batch(&places);
    let numbers = &chosen.numbers[..places.len()];
    let labels = labels(&batch.y, numbers, classes, &chosen.dataset)?;
    let shown = |x: &Tensor| -> Result<Shown> {
        let answers = Answers::of(&*classifier, x, numbers, flags.machine.device, &workers)?;
        Shown::new(&answers, &labels)
    };
    let clean = shown(&batch.x)?;
    let of = |shown: &Shown| -> Result<Measured> {
        Measured::of(&shown.answers, &shown.doubt, classes).context(NO_IMAGES)
    };
    let mut attacked = Vec::new();
    for ((loss, pgd), partial) in attacks.each().zip(&partials) {
        let protocol = Protocol { attack: pgd, radii: flags.radius.as_ref(), limit, seed: flags.seed };
        let keep: &dyn Keep = partial.as_ref().map_or(&Forget { images: true }, |partial| partial);
        let title = format!("pgd, {loss}");
        let Evaluated { x, curve } = attack(&title, &*classifier, &chosen.images, &protocol, keep, &workers)
            .map_err(|error| of_model(error, &model))?;
        warnings::say_all(&curve);
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
        settings: attacks.settings(flags),
        clean: of(&clean)?,
        attacked,
        image_set: Some(chosen.image_set(limit)?),
    };
    table::show(&report);
    if let Some(path) = &flags.json {
        report.write(path)?;
    }
    partials.into_iter().flatten().try_for_each(Partial::remove)
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
