//! What a run says of attacked images, and how its accuracy falls with the radius.

use super::seen;
use crate::{
    Refusal, ReportRequest, Session,
    evaluate::{measured, warnings},
    image_selection::Selected,
    model_source::ReadyModel,
};
use anyhow::{Context, Result};
use bal_attacks::{
    Attack, AttackName, AttackSpec, Evaluated, NoStore, Protocol, Radii, Settings, evaluate_with_store,
};
use bal_core::{EnsembleGradient, Images};
use bal_page::{Attacked, Example, Moved, Seen};
use bal_report::Evaluation;
use serde_json::json;
use tch::{Device, Tensor};

/// Examples for the eye.
const EXAMPLES: usize = 6;

/// How many images are attacked: no more than there are.
pub(super) fn count(request: &ReportRequest, shown: &Selected) -> u64 {
    request.attacked.min(shown.numbers.len() as u64)
}

/// The attack that is asked for.
///
/// # Errors
/// When it has no radius, or needs a generator.
pub(super) fn attack(request: &ReportRequest) -> Result<Attack> {
    let attack = AttackSpec::from(request.attack);
    attack.complete()?;
    let attack = attack.build()?;
    if attack.measure().is_none() || attack.seeks_nearest() {
        let fault =
            format!("{} has no radius, and a page shows images at one; take pgd or flow-pgd", attack.name());
        return Err(Refusal::of_request(fault).into());
    }
    Ok(attack)
}

/// The attack with its usual settings, seeing of an ensemble what the weights say that attacks should see.
fn seeing(attack: AttackName, ensemble_gradient: EnsembleGradient) -> AttackSpec {
    let said = Settings::default().with("ensemble_gradient", ensemble_gradient);
    // One that needs no gradient has no such setting.
    attack.with(&said).unwrap_or_else(|_| attack.into())
}

/// Attacks the first images at the radius; where `measure` says so, also at a few radii, and by fgsm beside pgd.
pub(super) fn attacked(
    request: &ReportRequest,
    subject: &ReadyModel,
    shown: &Selected,
    clean: &[Seen],
    session: &Session,
    measure: bool,
) -> Result<(Attacked, Vec<Evaluation>)> {
    let made = attack(request)?;
    let measured_by = made.measure().context("the attack has a radius")?;
    let in_ball = made.norm().is_some();
    let radii = if measure { spread(request.radius, in_ball) } else { vec![request.radius] };
    let column =
        radii.iter().position(|&radius| radius >= request.radius).context("the radius is among the radii")?;
    let radii = Radii::new(radii)?;
    let mut evaluations = vec![];
    // As `bal evaluate` attacks by default.
    let ensemble_gradient: EnsembleGradient = subject.model.ensemble_gradient.parse()?;
    let of = |attack| seeing(attack, ensemble_gradient);
    if measure && request.attack == AttackName::Pgd {
        evaluations.push(run(request, subject, shown, &of(AttackName::Fgsm), &radii, session)?.0);
    }
    let spec = of(request.attack);
    let (evaluation, Evaluated { curve, x, witness }) = run(request, subject, shown, &spec, &radii, session)?;
    if measure {
        evaluations.push(evaluation);
    }
    let x = x.context("the attack hands over its images")?.get(column as i64);
    let witness = witness.map(|witness| witness.get(column as i64));
    let labels = Tensor::from_slice(&curve.labels);
    let images = Images::new(x.shallow_clone(), &labels, session.device)?;
    let seen = seen::of_images(&*subject.classifier, &images, &session.workers)?;
    let examples = examples(shown, clean, &seen, &x, witness.as_ref())?;
    let steps = json!(spec.settings()).get("steps").map(|steps| format!(", {steps} steps"));
    let attack = format!("{}{}", spec.name(), steps.unwrap_or_default());
    let norm = measured_by.name().to_owned();
    Ok((Attacked { attack, norm, radius: request.radius, seen, examples }, evaluations))
}

/// Radii about the one that is asked for, from 0.
fn spread(radius: f64, in_ball: bool) -> Vec<f64> {
    let mut radii = vec![0.0, radius * 0.25, radius * 0.5, radius, radius * 1.5];
    radii.retain(|&radius| radius <= 1.0 || !in_ball);
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

/// A flow, or a pose where it is three numbers.
fn moved(witness: Vec<f32>) -> Moved {
    match witness[..] {
        [degrees, down, right] => Moved::Pose([degrees, down, right]),
        _ => Moved::Flow(witness),
    }
}

/// The first images drawn that the run has right as they are and wrong when attacked, and where those do not suffice, the first
/// others.
fn examples(
    shown: &Selected,
    clean: &[Seen],
    seen: &[Seen],
    x: &Tensor,
    witness: Option<&Tensor>,
) -> Result<Vec<Example>> {
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
            moved: witness.map(|witness| pixels(&witness.get(image as i64)).map(moved)).transpose()?,
            clean_seen: clean[image].clone(),
            attacked_seen: seen[image].clone(),
        })
    };
    chosen.into_iter().map(example).collect()
}
