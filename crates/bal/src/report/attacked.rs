//! What a run says of attacked images, and how its accuracy falls with the radius.

use super::seen;
use crate::{
    ReportRequest, Session,
    evaluate::{measured, warnings},
    image_selection::Selected,
    model_source::ReadyModel,
};
use anyhow::{Context, Result};
use bal_attacks::{
    AttackSpec, Evaluated, FgsmSettings, NoStore, PgdSettings, Protocol, Radii, evaluate_with_store,
};
use bal_core::{EnsembleGradient, Images};
use bal_page::{Attacked, Example, Seen};
use bal_report::Evaluation;
use serde_json::json;
use tch::{Device, Tensor};

/// Examples for the eye.
const EXAMPLES: usize = 6;

/// How many images are attacked: no more than there are.
pub(super) fn count(request: &ReportRequest, shown: &Selected) -> u64 {
    request.attacked.min(shown.numbers.len() as u64)
}

/// Attacks the first images by pgd at the radius; where `measure` says so, also by fgsm, and at a few radii.
pub(super) fn attacked(
    request: &ReportRequest,
    subject: &ReadyModel,
    shown: &Selected,
    clean: &[Seen],
    session: &Session,
    measure: bool,
) -> Result<(Attacked, Vec<Evaluation>)> {
    let radii = if measure { spread(request.radius) } else { vec![request.radius] };
    let column =
        radii.iter().position(|&radius| radius >= request.radius).context("the radius is among the radii")?;
    let radii = Radii::new(radii)?;
    let mut evaluations = vec![];
    // As `bal evaluate` attacks by default, seeing what the weights say that attacks should see.
    let ensemble_gradient: EnsembleGradient = subject.model.ensemble_gradient.parse()?;
    if measure {
        let fgsm = AttackSpec::Fgsm(FgsmSettings { ensemble_gradient, ..FgsmSettings::default() });
        evaluations.push(run(request, subject, shown, &fgsm, &radii, session)?.0);
    }
    let settings = PgdSettings { ensemble_gradient, ..PgdSettings::default() };
    let pgd = AttackSpec::Pgd(settings);
    let (evaluation, Evaluated { curve, x, .. }) = run(request, subject, shown, &pgd, &radii, session)?;
    if measure {
        evaluations.push(evaluation);
    }
    let x = x.context("the attack hands over its images")?.get(column as i64);
    let labels = Tensor::from_slice(&curve.labels);
    let images = Images::new(x.shallow_clone(), &labels, session.device)?;
    let seen = seen::of_images(&*subject.classifier, &images, &session.workers)?;
    let examples = examples(shown, clean, &seen, &x)?;
    let attack = format!("{}, {} steps", pgd.name(), settings.steps);
    Ok((Attacked { attack, norm: "linf".into(), radius: request.radius, seen, examples }, evaluations))
}

/// Radii about the one that is asked for, from 0.
fn spread(radius: f64) -> Vec<f64> {
    let mut radii = vec![0.0, radius * 0.25, radius * 0.5, radius, radius * 1.5];
    radii.retain(|&radius| radius <= 1.0);
    radii
}

fn run(
    request: &ReportRequest,
    subject: &ReadyModel,
    shown: &Selected,
    attack: &AttackSpec,
    radii: &Radii,
    session: &Session,
) -> Result<(Evaluation, Evaluated)> {
    let limit = Some(count(request, shown));
    let protocol = Protocol { attack: &attack.build()?, radii: Some(radii), limit, seed: request.seed };
    let store = NoStore { images: true };
    let evaluated = evaluate_with_store(
        &*subject.classifier,
        &shown.images,
        &protocol,
        &session.workers,
        &store,
        &|_| {},
    )?;
    session.note_all(&warnings::of(&evaluated.curve));
    let mut settings = json!(attack.settings());
    if let Some(map) = settings.as_object_mut() {
        map.insert("seed".into(), json!(request.seed));
        map.insert("sample".into(), json!(shown.numbers.len()));
    }
    let model = subject.model.clone();
    let evaluation = measured(&evaluated.curve, settings, model, shown, limit)?;
    Ok((evaluation, evaluated))
}

/// The first images drawn that the run has right as they are and wrong when attacked, and where those do not suffice, the first
/// others.
fn examples(shown: &Selected, clean: &[Seen], seen: &[Seen], x: &Tensor) -> Result<Vec<Example>> {
    let fooled = |&image: &usize| clean[image].is_right() && !seen[image].is_right();
    let (fooled, others): (Vec<usize>, Vec<usize>) = (0..seen.len()).partition(fooled);
    // Half of them at most, where others are there: a page of errors alone would mislead.
    let wrong = fooled.len().min((EXAMPLES / 2).max(EXAMPLES.saturating_sub(others.len())));
    let mut chosen: Vec<usize> =
        fooled.into_iter().take(wrong).chain(others.into_iter().take(EXAMPLES - wrong)).collect();
    chosen.sort_unstable();
    let pixels = |image: &Tensor| -> Result<Vec<f32>> {
        Ok(Vec::try_from(image.to_device(Device::Cpu).f_contiguous()?.f_reshape([-1])?)?)
    };
    let example = |image: usize| -> Result<Example> {
        let as_it_is = shown.images.batch(&[image as i64]).x.get(0);
        let shape: Vec<usize> = as_it_is.size().iter().map(|&n| n as usize).collect();
        Ok(Example {
            number: shown.numbers[image],
            shape: shape.try_into().ok().context("images are not [c, h, w]")?,
            clean: pixels(&as_it_is)?,
            attacked: pixels(&x.get(image as i64))?,
            clean_seen: clean[image].clone(),
            attacked_seen: seen[image].clone(),
        })
    };
    chosen.into_iter().map(example).collect()
}
