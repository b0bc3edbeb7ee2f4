//! `bal evaluate`.

use crate::{
    args::{Evaluate, Machine, usage},
    check, dataset,
    experiment::Experiment,
    progress::{Display, print},
    subject::{self, Subject},
};
use anyhow::{Context, Result, bail};
use bal_attacks::{Attack, AttackError, AttackSettings, Protocol};
use bal_core::Images;
use bal_report::{Evaluation, PerImage, Reached, Record, Split};
use serde_json::json;
use std::{path::Path, sync::Mutex};

/// Attacks what the flags name and reports what is left of its accuracy.
pub(crate) fn evaluate(flags: &Evaluate) -> Result<()> {
    let attack = attack(flags)?;
    for file in [&flags.json, &flags.csv].into_iter().flatten() {
        can_be_written(file)?;
    }
    let workers = flags.machine.workers()?;
    let source = subject::read(flags)?;
    // Unless told otherwise an attack sees what the weights say that attacks should see.
    let attack =
        if attack.settings().ensemble_gradient.is_some() && flags.settings.ensemble_gradient.is_none() {
            let seen = AttackSettings {
                ensemble_gradient: Some(source.ensemble_gradient()),
                ..flags.settings.settings()
            };
            named(flags, &seen)?
        } else {
            attack
        };
    let (images, dataset, split) = images(flags, source.record())?;
    let images = match flags.sample {
        Some(count) => dataset::sample(&images, count, flags.seed)?,
        None => images,
    };
    let Subject { classifier, model } = source.classifier(flags, &images, &dataset)?;
    if flags.check {
        check::check(flags, &*classifier, &images, attack.as_ref(), &workers)?;
    }
    let protocol = Protocol {
        attack: attack.as_ref(),
        radii: flags.radius.as_ref(),
        limit: flags.limit,
        seed: flags.seed,
    };
    let total = flags.limit.unwrap_or(u64::MAX).min(images.len() as u64);
    let display = Mutex::new(Display::new(attack.name(), "images", total, 0));
    let curve = bal_attacks::evaluate(&*classifier, &images, &protocol, &workers, &|progress| {
        if let Ok(mut display) = display.lock() {
            let right = progress.correct.iter().map(|&c| format!("{:.3}", c as f64 / progress.images as f64));
            display.show(progress.images as u64, &right.collect::<Vec<_>>().join(" "));
        }
    })?;
    if let Ok(display) = display.lock() {
        display.finish();
    }
    let mut settings = json!(attack.settings());
    if let Some(map) = settings.as_object_mut() {
        map.insert("seed".into(), json!(flags.seed));
        if let Some(count) = flags.sample {
            map.insert("sample".into(), json!(count));
        }
    }
    let evaluation = Evaluation {
        attack: curve.attack.clone(),
        norm: curve.norm.map(|norm| norm.to_string()),
        radii: curve.radii.clone(),
        accuracy: curve.accuracy(),
        images: curve.images() as u64,
        settings,
        per_image: PerImage::of_flags(&curve.correct),
        reached: curve.reached.iter().map(|r| Reached { l2: r.l2, linf: r.linf }).collect(),
        model,
        dataset,
        split,
    };
    show(&evaluation);
    if let Some(path) = &flags.json {
        evaluation.write(path)?;
    }
    if let Some(path) = &flags.csv {
        evaluation.write_csv(path)?;
    }
    Ok(())
}

fn attack(flags: &Evaluate) -> Result<Box<dyn Attack>> {
    named(flags, &flags.settings.settings())
}

/// The attack of the flags; its own radius does not matter, the radii are the protocol's.
fn named(flags: &Evaluate, settings: &AttackSettings) -> Result<Box<dyn Attack>> {
    let wrong = |e: AttackError| match e {
        AttackError::MissingRadius(_) => usage(format!("{e}: --radius 0,0.05,0.1, on pixels in [0, 1]")),
        e => usage(e.to_string()),
    };
    let radius = flags.radius.as_ref().and_then(|radii| radii.as_slice().last().copied());
    bal_attacks::named(flags.attack, radius, &settings.or(&flags.attack.defaults())).map_err(wrong)
}

/// The images to attack, their data set and which part of it they are.
fn images(flags: &Evaluate, record: Option<&Record>) -> Result<(Images, String, Split)> {
    let Machine { device, data, .. } = &flags.machine;
    let Some(record) = record.filter(|_| flags.held_out) else {
        let images = dataset::test(&flags.dataset, data.as_deref(), *device)?;
        return Ok((images, flags.dataset.clone(), Split::Test));
    };
    let Experiment { dataset, held_out, seed, name, .. } = serde_json::from_value(record.experiment.clone())
        .context("the run's record.json holds no experiment of this version")?;
    if held_out == 0 {
        bail!("{name} held out no images; train it with `--set held_out=1000 --set train_images=..`");
    }
    let images = dataset::held_out(&dataset, data.as_deref(), held_out, seed, *device)?;
    Ok((images, dataset, Split::HeldOut))
}

/// Refuses, before the long work, a file that could not be written after it.
fn can_be_written(path: &Path) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        bail!("{} is a folder; name a file", path.display());
    }
    tempfile::tempfile_in(folder).map(drop).with_context(|| format!("cannot write to {}", folder.display()))
}

fn show(evaluation: &Evaluation) {
    print(&format!(
        "{} on {}: {} {} images of {}, {} chains, {}",
        evaluation.attack,
        evaluation.model.source,
        evaluation.images,
        match evaluation.split {
            Split::Test => "test",
            Split::HeldOut => "held-out training",
        },
        evaluation.dataset,
        evaluation.model.chains,
        evaluation.model.prediction
    ));
    print("radius      accuracy  95 % interval      mean Linf  mean L2");
    for (point, reached) in evaluation.points().zip(&evaluation.reached) {
        print(&format!(
            "{:<10}  {:.4}    [{:.4}, {:.4}]   {:.4}     {:.3}",
            point.radius.map_or("-".to_string(), |r| format!("{r:.6}")),
            point.accuracy,
            point.interval.low,
            point.interval.high,
            reached.linf,
            reached.l2
        ));
    }
}
