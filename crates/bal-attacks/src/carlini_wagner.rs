//! The published Carlini-Wagner attack: seeks the adversarial image nearest in L2.

mod target;
mod weight_search;

use crate::{
    AttackError, ModelFault, NearestAttack, Norm, SettingError,
    adam::Adam,
    attack_settings::settings,
    by_name::ByName,
    nearest::Nearest,
    range, step_size,
    still_robust::{StillRobust, beside, on_still_robust, per_image, positions, sum_of_each},
};
use bal_core::{Batch, Classifier, NoiseStream};
use target::Aim;
pub use target::Target;
use tch::Tensor;
use weight_search::WeightSearch;

/// How much of the cube tanh space reaches: the inverse of tanh is infinite at its border.
const INSIDE: f64 = 0.999_999;

/// How often a descent asks whether it still gets anywhere.
const CHECKS: u64 = 10;

/// A descent that lowered the objective by less than this share since it was last asked is over.
const GAIN: f64 = 1e-4;

/// Adam on distance plus weighted margin, in a space without borders; goes to the nearest adversarial
/// image in L2, has no ball.
///
/// ```text
/// min_w ||x' - x||^2 + c f(x'),    x' = (tanh(w) + 1) / 2
/// f     = max(z_y - max_{j != y} z_j, -confidence)        untargeted
///         max(max_{j != t} z_j - z_t, -confidence)        targeted
/// ```
///
/// For each image c is searched: ten times as large until the attack succeeds, then by bisection, and
/// the nearest image of all descents with `f = -confidence` is kept. Each descent begins at the image.
/// With `abort_early` the descent of an image ends when a tenth of the steps lowered its objective by
/// less than a ten thousandth; the released code asks that of the whole batch.
///
/// Images are `[n, c, h, w]` in `[0, 1]`; `z` is the combined prediction. An image that the model has
/// wrong is left alone, also by a targeted attack. One forward and one backward pass a step.
///
/// Source: Carlini & Wagner, IEEE S&P 2017, sections V and VI (L2 attack, objective `f_6`), and the
/// code released with it, whose settings are the usual ones but for the steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarliniWagner {
    settings: CarliniWagnerSettings,
}

settings! {
    /// Settings of [`CarliniWagner`].
    ///
    /// The usual ones are those of the released code, but for its 10,000 steps: a tenth of them comes within a per cent on most
    /// images. The paper's kappa is `confidence`, its t `target`, and its first c `initial_weight`.
    CarliniWagnerSettings optional (target, initial_weight, abort_early) {
        /// Norm of the distance that the attack minimises: `l2`, the only one that the published attack knows.
        norm: Norm = Norm::L2,
        /// Gradient steps of one descent, at least 1.
        steps: u64 = 1000,
        /// Adam's step size in tanh space, which no radius measures, > 0.
        #[serde(deserialize_with = "step_size::number")]
        step_size: f64 = 0.01,
        /// Descents, each with a weight of its own, at least 1.
        search_steps: u64 = 9,
        /// By how much the logit of another class has to lead, finite and at least 0.
        confidence: f64 = 0.0,
        /// What counts as success: `any-error`, `least-likely`, or the number of a class.
        #[serde(with = "ByName")]
        target: Target = Target::AnyError,
        /// The first weight of the margin, > 0.
        initial_weight: f64 = 1e-3,
        /// Whether descents that get nowhere end.
        abort_early: bool = true,
    }
}

impl CarliniWagner {
    /// The attack with these settings.
    ///
    /// # Errors
    /// [`SettingError::OnlyL2`] for another norm, [`SettingError::Zero`] for a count of zero, [`SettingError::OutOfRange`] for another setting out
    /// of its range.
    pub fn new(settings: CarliniWagnerSettings) -> Result<Self, SettingError> {
        if settings.norm != Norm::L2 {
            return Err(SettingError::OnlyL2("cw"));
        }
        range::counts(&[("steps", settings.steps), ("search_steps", settings.search_steps)])?;
        let CarliniWagnerSettings { confidence, step_size, initial_weight, .. } = settings;
        range::not_negative(&[("confidence", confidence)])?;
        range::positive(&[("step_size", step_size), ("initial_weight", initial_weight)])?;
        Ok(Self { settings })
    }

    /// Descends from the images with these weights, `[m]`; says for which something was found.
    fn descend(
        &self,
        model: &dyn Classifier,
        all: &StillRobust,
        aim: &Aim,
        weights: &Tensor,
        nearest: &mut Nearest,
    ) -> Result<Vec<bool>, ModelFault> {
        let CarliniWagnerSettings { confidence, steps, step_size, abort_early, .. } = self.settings;
        let every = (steps / CHECKS).max(1);
        let mut hit = vec![false; all.len() as usize];
        let mut rows: Vec<i64> = (0..all.len()).collect();
        let (mut robust, mut aim, mut weight) = (all.only(&rows), aim.only(&rows), weights.shallow_clone());
        let mut w = ((&all.x * 2.0 - 1.0) * INSIDE).atanh();
        let mut adam = Adam::new(&w, step_size);
        let mut last = weights.full_like(f64::INFINITY);
        for step in 0..steps {
            let tanh = w.tanh();
            let x = (&tanh + 1.0) * 0.5;
            let at = robust.slope(model, &x, |z| aim.loss(z).clamp_min(-confidence))?;
            let reached = aim.reached(&at.logits).logical_and(&at.value.le(-confidence));
            nearest.offer_rows(&beside(&x, &rows), &x, &reached);
            for row in positions(&reached) {
                hit[rows[row as usize] as usize] = true;
            }
            let change = &x - &robust.x;
            let gradient = (&change * 2.0 + at.gradient * per_image(&weight)) * (1.0 - tanh.square()) * 0.5;
            w += adam.step(&gradient);
            if abort_early && step % every == every - 1 {
                let length = sum_of_each(&change.square()).reshape([-1]);
                let objective = length + &weight * at.value;
                let going = positions(&objective.le_tensor(&(last * (1.0 - GAIN))));
                if going.is_empty() {
                    break;
                }
                let index = beside(&x, &going);
                last = objective.index_select(0, &index);
                if going.len() < rows.len() {
                    w = w.index_select(0, &index);
                    weight = weight.index_select(0, &index);
                    adam = adam.only(&index);
                    rows = going.iter().map(|&row| rows[row as usize]).collect();
                    (robust, aim) = (robust.only(&going), aim.only(&going));
                }
            }
        }
        Ok(hit)
    }
}

impl NearestAttack for CarliniWagner {
    fn name(&self) -> &'static str {
        "cw"
    }

    fn norm(&self) -> Norm {
        Norm::L2
    }

    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        _noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.settings.target.fits(model.classes())?;
        on_still_robust(model, batch, |robust| {
            let aim = self.settings.target.of(robust);
            let mut nearest = Nearest::new(Norm::L2, &robust.x);
            let mut search = WeightSearch::new(robust.len(), self.settings.initial_weight);
            for _ in 0..self.settings.search_steps {
                let weights = search.weights().to_device(robust.x.device());
                let hit = self.descend(model, robust, &aim, &weights, &mut nearest)?;
                search.narrow(&hit);
            }
            Ok(nearest.images)
        })
    }
}

#[cfg(test)]
mod tests;
