//! Signs that a classifier hides from attacks.

use crate::{Checked, EvaluateRequest, Note};
use anyhow::Result;
use bal_attacks::{
    Attack, AttackSpec, FgsmSettings, Norm, PgdSettings,
    checks::{self, Plan, RandomSearch},
};
use bal_core::{Classifier, EnsembleGradient, Images, Workers};

/// More images cost time and tell little more.
const IMAGES: u64 = 256;

/// Where nothing is said: a radius at which most undefended networks break.
const RADIUS: f64 = 0.1;

/// Questions that random search may ask.
const QUERIES: u64 = 100;

/// By how much twice the steps may lower the accuracy.
const MARGIN: f64 = 0.02;

/// What to say of checks beside an attack whose radii are not those of balls.
pub(crate) fn other_radii(attack: &AttackSpec) -> Option<Note> {
    moves_pixels(attack).then(|| {
        Note::news(format!(
            "the checks change pixels, within {RADIUS} in L-infinity; they say nothing of {}, which moves pixels",
            attack.name()
        ))
    })
}

fn moves_pixels(attack: &AttackSpec) -> bool {
    matches!(attack.build(), Ok(Attack::Spatial(_)))
}

/// What the checks find.
///
/// Attacks are compared in the ball of the evaluation's attack, at its greatest radius, if it has one; PGD has the
/// settings of the request, if it is PGD that was asked for.
pub(crate) fn check(
    request: &EvaluateRequest,
    attack: &AttackSpec,
    classifier: &dyn Classifier,
    images: &Images,
    workers: &Workers,
) -> Result<Checked> {
    let norm = attack.norm().unwrap_or(Norm::LInf);
    // How far pixels are moved is no radius of a ball.
    let in_a_ball = !moves_pixels(attack);
    let greatest = request.radii.as_ref().and_then(|radii| radii.as_slice().last().copied());
    let radius = greatest.filter(|_| in_a_ball).filter(|&radius| radius > 0.0).unwrap_or(RADIUS);
    let ensemble_gradient = attack.ensemble_gradient().unwrap_or(EnsembleGradient::Predictive);
    let pgd = match *attack {
        AttackSpec::Pgd(asked) => asked,
        _ => PgdSettings { norm, ensemble_gradient, ..PgdSettings::default() },
    };
    let twice = PgdSettings { steps: pgd.steps.saturating_mul(2), ..pgd };
    let one_step =
        AttackSpec::Fgsm(FgsmSettings { norm, ensemble_gradient, ..FgsmSettings::default() }).build()?;
    let iterated = AttackSpec::Pgd(pgd).build()?;
    let longer = AttackSpec::Pgd(twice).build()?;
    let search = Attack::in_balls(norm, RandomSearch::new(QUERIES)?);
    let plan = Plan {
        images,
        limit: request.images.limit.unwrap_or(IMAGES).min(IMAGES),
        seed: request.seed,
        radius,
        ensemble_gradient,
        one_step: &one_step,
        iterated: &iterated,
        longer: &longer,
        margin: MARGIN,
        black_box: &[&search],
    };
    let found = checks::all(classifier, &plan, workers)?;
    Ok(Checked {
        images: plan.limit.min(images.len() as u64),
        norm,
        radius,
        findings: found.iter().map(ToString::to_string).collect(),
    })
}
