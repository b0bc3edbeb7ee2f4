//! All checks, one after the other.

use super::{
    Finding, Survivors, black_box, differences, gradients, neighbours, one_step, probabilities,
    random_outputs, steps, unbounded,
};
use crate::{Attack, EvaluationError, ModelFault, Norm};
use bal_core::{Classifier, EnsembleGradient, Images, Workers};

/// What to check with.
///
/// All attacks have a ball of one norm; their own radii are not used.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a> {
    /// The images, of which the first `limit` are used.
    pub images: &'a Images,
    /// How many images to use, at least 1; 100 and more tell something.
    pub limit: u64,
    /// Seed of random starts and directions.
    pub seed: u64,
    /// The radius at which attacks are compared: where some images survive, and some do not.
    pub radius: f64,
    /// Which loss of an ensemble has to have a gradient.
    pub ensemble_gradient: EnsembleGradient,
    /// An attack of one step, as [`crate::Fgsm`].
    pub one_step: &'a Attack,
    /// An attack of many steps, as [`crate::Pgd`].
    pub iterated: &'a Attack,
    /// The same with twice the steps.
    pub longer: &'a Attack,
    /// By how much the latter may lower the accuracy, a difference of shares.
    pub margin: f64,
    /// Attacks that see outputs only.
    pub black_box: &'a [&'a Attack],
}

/// Images that the checks of single passes look at.
const FEW: i64 = 64;

/// Runs every check on `model`; what is found, in the order of `docs/evaluation.md`.
///
/// A model without usable gradients cannot be attacked by them: checks that compare attacks are then
/// left out, since [`gradients()`] says so already.
///
/// # Errors
/// [`EvaluationError`] when the model fails in another way, or the plan's attacks have no ball.
pub fn all(model: &dyn Classifier, plan: &Plan, workers: &Workers) -> Result<Vec<Finding>, EvaluationError> {
    let count = plan.images.len().min(i64::try_from(plan.limit).unwrap_or(i64::MAX));
    if count < 1 {
        let limit = plan.limit.to_string();
        return Err(EvaluationError::NoImages { images: plan.images.len(), limit });
    }
    let batch = plan.images.batch(&(0..count).collect::<Vec<_>>());
    let few = batch.x.f_narrow(0, 0, count.min(FEW))?;
    let mut found: Vec<Finding> = probabilities(model, &few)?.into_iter().collect();
    let random = random_outputs(model, &few)?;
    let is_random = random.is_some();
    found.extend(random);
    found.extend(neighbours(model, &few)?);
    found.extend(gradients(model, &batch, plan.ensemble_gradient)?);
    // The differences of a random function are those of its noise.
    if !is_random {
        found.extend(differences(model, &few, plan.seed)?);
    }
    match comparisons(model, plan, workers) {
        Ok(more) => found.extend(more),
        Err(error) if without_gradient(&error) && !found.is_empty() => {}
        Err(other) => return Err(other),
    }
    Ok(found)
}

/// The checks that set attacks side by side.
fn comparisons(
    model: &dyn Classifier,
    plan: &Plan,
    workers: &Workers,
) -> Result<Vec<Finding>, EvaluationError> {
    let at = |attack: &Attack, radius: f64| {
        Survivors::of(model, plan.images, attack, radius, (plan.limit, plan.seed), workers)
    };
    let iterated = at(plan.iterated, plan.radius)?;
    let mut found: Vec<Finding> = one_step(&at(plan.one_step, plan.radius)?, &iterated).into_iter().collect();
    for attack in plan.black_box {
        found.extend(black_box(&at(attack, plan.radius)?, &iterated));
    }
    // In the other norm, a ball that holds the whole cube of images.
    let everything = match plan.iterated.norm() {
        Some(Norm::L2) => (plan.images.shape().iter().product::<i64>() as f64).sqrt(),
        _ => 1.0,
    };
    found.extend(unbounded(&at(plan.iterated, everything)?, model.classes()));
    found.extend(steps(&iterated, &at(plan.longer, plan.radius)?, plan.margin));
    Ok(found)
}

fn without_gradient(error: &EvaluationError) -> bool {
    matches!(error.model_fault(), Some(ModelFault::NoGradient | ModelFault::NotFinite { .. }))
}
