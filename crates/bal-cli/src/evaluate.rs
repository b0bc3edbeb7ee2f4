//! `bal evaluate`.

mod adversarial;
mod grid;
mod rows;
mod surrogate;
mod table;
mod verify;
pub(crate) mod warnings;

use crate::{
    args::{Evaluate, usage},
    check,
    chosen::{Chosen, with_images},
    output::{self, can_be_written},
    partial::{Identity, Partial},
    progress::Display,
    subject::{self, Source, Subject},
};
pub(crate) use adversarial::Adversarial;
use anyhow::{Context, Result, anyhow};
use bal_attacks::{
    AccuracyCurve, Attack, AttackError, AttackSettings, Evaluated, Forget, Gradients, Keep, Protocol, SHARD,
    Transfer,
};
use bal_core::{Classifier, ClassifierError, Images, Workers};
use bal_report::{Evaluation, Model, Nearest, PerImage, Reached, write_image_rows};
use serde_json::{Value, json};
use std::{collections::BTreeMap, iter, sync::Mutex};

/// Attacks what the flags name and reports what is left of its accuracy.
pub(crate) fn evaluate(flags: &Evaluate) -> Result<()> {
    can_be_written(flags.outputs.files())?;
    if let Some(file) = &flags.verify {
        return verify::verify(flags, file);
    }
    let said = flags.settings.settings();
    let attack = named(flags, &said)?;
    let workers = flags.machine.workers()?;
    let source = subject::read(&flags.model, flags.settings.ensemble_gradient, flags.machine.device)?;
    // Unless told otherwise an attack sees what the weights say that attacks should see.
    let attack = match attack.settings().ensemble_gradient {
        None => attack,
        Some(_) => {
            named(flags, &AttackSettings { ensemble_gradient: Some(source.ensemble_gradient()), ..said })?
        }
    };
    let chosen = Chosen::by(&flags.images, flags.seed, &flags.machine, &source)?;
    let other = surrogate::read(flags, &chosen)?;
    let settings = settings(flags, attack.as_ref(), other.as_ref());
    let sources: Vec<&Source> = iter::once(&source).chain(&other).collect();
    let identity = Identity {
        sources: &sources,
        model: &flags.model,
        chosen: &chosen,
        limit: flags.images.limit,
        attack: attack.name(),
        settings: &settings,
        radii: flags.radius.as_ref(),
        images: flags.outputs.save.is_some() || flags.outputs.grid.is_some(),
    };
    // Beside the first file that is asked for and is one, not a pipe.
    let first = flags.outputs.files().find_map(output::file);
    let partial = first.map(|file| Partial::beside(&file, &identity)).transpose()?;
    let Subject { classifier, model } = source.classifier(chosen.shown(flags.images.limit))?;
    let attack = fitting(attack, classifier.classes()).with_context(|| model.source.clone())?;
    // For few classes an attack may be another, and the record says so.
    let settings = self::settings(flags, attack.as_ref(), other.as_ref());
    let attack: Box<dyn Attack> = match other {
        Some(source) => {
            let surrogate = source.classifier(chosen.shown(flags.images.limit))?.classifier;
            Box::new(Transfer::new(surrogate, attack))
        }
        None => attack,
    };
    let protocol = Protocol {
        attack: attack.as_ref(),
        radii: flags.radius.as_ref(),
        limit: flags.images.limit,
        seed: flags.seed,
    };
    protocol.fits(classifier.classes(), &chosen.images)?;
    if flags.check {
        check::check(flags, &*classifier, &chosen.images, attack.as_ref(), &workers)
            .map_err(|error| of_model(error, &model))?;
    }
    let keep: &dyn Keep = partial.as_ref().map_or(&Forget { images: false }, |partial| partial);
    let Evaluated { curve, x } =
        self::attack(attack.name(), &*classifier, &chosen.images, &protocol, keep, &workers)
            .map_err(|error| of_model(error, &model))?;
    let evaluation = measured(&curve, settings, model, &chosen, flags.images.limit)?;
    table::show(&evaluation);
    warnings::say_all(&curve);
    let outputs = &flags.outputs;
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
        let together = attack.batch_size().unwrap_or(SHARD);
        let adversarial = Adversarial::of(&evaluation, &curve, (x, clean), &chosen.numbers, together);
        if let Some(path) = &outputs.grid {
            grid::grid(&adversarial, &curve)?.write(path)?;
        }
        if let Some(path) = &outputs.save {
            adversarial.write(path)?;
        }
    }
    partial.map_or(Ok(()), Partial::remove)
}

/// The attack of the flags; its own radius does not matter, the radii are the protocol's.
fn named(flags: &Evaluate, settings: &AttackSettings) -> Result<Box<dyn Attack>> {
    let wrong = |e: AttackError| match e {
        AttackError::MissingRadius(_) => usage(format!("{e}: --radius 0,0.05,0.1, on pixels in [0, 1]")),
        e => usage(e.to_string()),
    };
    let attack = flags.attack.ok_or_else(|| usage("--attack is needed"))?;
    let radius = flags.radius.as_ref().and_then(|radii| radii.as_slice().last().copied());
    bal_attacks::named(attack, radius, &settings.or(&attack.defaults())).map_err(wrong)
}

/// The attack as it is defined for so many classes, or what to ask for instead.
fn fitting(attack: Box<dyn Attack>, classes: i64) -> Result<Box<dyn Attack>> {
    match attack.for_classes(classes) {
        Ok(fitted) => Ok(fitted.unwrap_or(attack)),
        Err(error @ AttackError::Classes { .. }) => {
            let instead = if attack.settings().loss.is_some() { "--loss margin" } else { "--attack apgd-t" };
            Err(anyhow!("{error} ({instead})"))
        }
        Err(error) => Err(error.into()),
    }
}

/// Names the model that an attack failed on, where the error does not name its file.
pub(crate) fn of_model(error: anyhow::Error, model: &Model) -> anyhow::Error {
    fn names_a_file(error: &AttackError) -> bool {
        match error {
            AttackError::During { source, .. } => names_a_file(source),
            AttackError::Model(ClassifierError::File { .. }) | AttackError::Keep(_) => true,
            _ => false,
        }
    }
    if error.downcast_ref::<AttackError>().is_none_or(names_a_file) {
        return error;
    }
    error.context(model.source.clone())
}

/// All that the record says of the attack, beside its radii.
fn settings(flags: &Evaluate, attack: &dyn Attack, surrogate: Option<&Source>) -> Value {
    let mut settings = with_images(&attack.settings(), &flags.images, flags.seed);
    if let (Some(map), Some(surrogate)) = (settings.as_object_mut(), surrogate) {
        map.insert("attack".into(), json!(attack.name()));
        map.insert("surrogate".into(), json!(surrogate.name()));
    }
    settings
}

/// Attacks images, and shows under `title` how far it has come.
pub(crate) fn attack(
    title: &str,
    classifier: &dyn Classifier,
    images: &Images,
    protocol: &Protocol,
    keep: &dyn Keep,
    workers: &Workers,
) -> Result<Evaluated> {
    let total = protocol.limit.unwrap_or(u64::MAX).min(images.len() as u64);
    let display = Mutex::new(Display::new(title, "images", total, 0));
    let evaluated =
        bal_attacks::evaluate_and_keep(classifier, images, protocol, workers, keep, &|progress| {
            if let Ok(mut display) = display.lock() {
                let right =
                    progress.correct.iter().map(|&c| format!("{:.3}", c as f64 / progress.images as f64));
                display.recalled(progress.recalled as u64);
                display.show(progress.images as u64, &right.collect::<Vec<_>>().join(" "));
            }
        })?;
    if let Ok(display) = display.lock() {
        display.finish();
    }
    Ok(evaluated)
}

/// What the record says of the first `limit` images.
pub(crate) fn measured(
    curve: &AccuracyCurve,
    settings: Value,
    model: Model,
    chosen: &Chosen,
    limit: Option<u64>,
) -> Result<Evaluation> {
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
    Ok(Evaluation {
        attack: curve.attack.clone(),
        norm: curve.norm.map(|norm| norm.to_string()),
        radii: curve.radii.clone(),
        accuracy: curve.accuracy(),
        images: curve.images() as u64,
        settings,
        per_image: PerImage::of_flags(&curve.correct),
        reached: curve.reached.iter().map(|r| Reached { l2: r.l2, linf: r.linf }).collect(),
        model,
        dataset: chosen.dataset.clone(),
        split: chosen.split,
        broken_by: (curve.parts.len() > 1).then(|| (0..curve.radii.len()).map(counts).collect()),
        nearest: curve.distances.as_ref().map(nearest),
        zero_gradients: (!zero_gradients.is_empty()).then_some(zero_gradients),
        image_set: Some(chosen.image_set(limit)?),
    })
}
