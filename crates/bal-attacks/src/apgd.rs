//! Projected gradient ascent that chooses its own step sizes.

mod checkpoints;
mod climb;

use crate::found::{Found, select};
use crate::{
    AttackError, Ball, BallAttack, LossName, ModelFault, Norm, Objective, SettingError, Settings,
    attack_settings::{AttackSettings, settings},
    by_name::ByName,
    objective,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
use climb::{Climb, Goal};
use std::sync::Arc;
use tch::Tensor;

/// Auto-PGD; stays in its ball.
///
/// ```text
/// x_0 ~ uniform in the ball, clipped
/// z_k+1 = P(x_k + h_k steepest(grad l(x_k)))
/// x_k+1 = P(x_k + 3/4 (z_k+1 - x_k) + 1/4 (x_k - x_k-1)),    x_1 = z_1
/// ```
///
/// `P` projects onto the ball and clips to `[0, 1]`. Each image has its own step `h`: 2 radii at
/// first, halved at a checkpoint where the climb has stalled, which then goes on from the best point
/// so far. A run of an image ends at its first point that fools the model, and later runs leave the
/// image out; one that is never fooled gives back, of the best points (by the loss) of its runs and
/// the image itself, the one with the highest margin. An image that is wrong already is not changed.
///
/// A climb has stalled where less than three quarters of the steps since the last checkpoint raised the loss, or where step and
/// best loss are what they were at the last one. Exactly three quarters are enough, as in the paper; the authors' code
/// (`pyautoattack` 0.2.0) halves the step there too. With 100 steps that can matter in one phase, that of 16 steps.
///
/// Source: Croce & Hein, ICML 2020, Algorithm 1 and section 3; targets as in their section 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apgd {
    loss: ApgdLoss,
    steps: u64,
    restarts: u64,
    ensemble_gradient: EnsembleGradient,
    /// The chain of noise that the first run takes, see [`Apgd::starting_at`].
    first_chain: u64,
}

/// What [`Apgd`] raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApgdLoss {
    /// A loss away from the label.
    Untargeted(LossName),
    /// The targeted difference of logits ratio, in turn for so many wrong classes of each image (or
    /// all there are): those that the model finds likeliest on the unchanged image. With fewer than 4 classes there is
    /// no such ratio, and it is the targeted margin.
    Targeted(u64),
    /// The targeted margin, `z_t - z_y`, in turn for as many.
    TargetedMargin(u64),
}

settings! {
    /// Settings of [`Apgd`] on a loss away from the label, by name; the usual ones are the paper's.
    ApgdSettings {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Steps of the attack, at least 1.
        steps: u64 = 100,
        /// Random starts, at least 1.
        restarts: u64 = 1,
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
    }
}

settings! {
    /// Settings of targeted [`Apgd`] by name; the usual ones are the paper's.
    ApgdTSettings {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Steps of the attack, at least 1.
        steps: u64 = 100,
        /// Random starts, at least 1.
        restarts: u64 = 1,
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
        /// Wrong classes that a targeted attack tries on each image, the likeliest first.
        targets: u64 = 9,
    }
}

impl ApgdTSettings {
    /// With the loss where it is another one, see [`ApgdLoss::Targeted`].
    pub(crate) fn recorded(&self, classes: i64) -> Settings {
        let settings = self.written();
        if classes < Objective::TARGETED_DLR_CLASSES {
            settings.with_before("targets", "loss", LossName::Margin)
        } else {
            settings
        }
    }
}

impl Apgd {
    /// APGD: `restarts` runs (for each target) of `steps` gradient steps.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps, restarts or targets.
    pub fn new(
        loss: ApgdLoss,
        steps: u64,
        restarts: u64,
        ensemble_gradient: EnsembleGradient,
    ) -> Result<Self, SettingError> {
        let counts = [("steps", steps), ("restarts", restarts), ("targets", loss.targets().unwrap_or(1))];
        match counts.iter().find(|(_, count)| *count == 0) {
            Some(&(name, _)) => Err(SettingError::Zero(name)),
            None => Ok(Self { loss, steps, restarts, ensemble_gradient, first_chain: 0 }),
        }
    }

    /// The same, with runs that begin where those after the first `chain` of another would.
    pub(crate) fn starting_at(self, chain: u64) -> Self {
        Self { first_chain: chain, ..self }
    }

    /// What to climb, one after the other.
    fn goals(&self, classes: i64, clean_logits: &Tensor, y: &Tensor) -> Result<Vec<Goal>, ModelFault> {
        let loss = self.loss.for_classes(classes)?;
        let likeliest = |targets: u64| -> Result<Vec<Tensor>, ModelFault> {
            let count = i64::try_from(targets).unwrap_or(i64::MAX).min(classes - 1);
            let likeliest = objective::others(clean_logits, y)?.f_topk(count, -1, true, true)?.1;
            Ok((0..count).map(|place| likeliest.select(-1, place)).collect())
        };
        Ok(match loss {
            ApgdLoss::Untargeted(loss) => vec![Goal::Away(loss)],
            ApgdLoss::Targeted(targets) => likeliest(targets)?.into_iter().map(Goal::Towards).collect(),
            ApgdLoss::TargetedMargin(targets) => {
                likeliest(targets)?.into_iter().map(Goal::TowardsByMargin).collect()
            }
        })
    }

    /// One run on the images that still stand.
    fn run(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        goal: &Goal,
        noise: &NoiseStream,
        found: &mut Found,
    ) -> Result<(), ModelFault> {
        let rows = found.robust();
        if rows.is_empty() {
            return Ok(());
        }
        let robust = select(batch, &rows)?;
        let mut streams = noise.for_images(&robust.indices);
        let start = ball.uniform(&robust.x, &mut streams).clamp(0.0, 1.0);
        let Self { steps, ensemble_gradient, .. } = *self;
        let climb = Climb { model, ball, steps, ensemble_gradient };
        climb.run(goal.of(&rows)?, rows, robust, start, found)
    }
}

impl ApgdLoss {
    fn targets(self) -> Option<u64> {
        match self {
            Self::Untargeted(_) => None,
            Self::Targeted(targets) | Self::TargetedMargin(targets) => Some(targets),
        }
    }

    /// What it is for models of so many classes.
    fn for_classes(self, classes: i64) -> Result<Self, ModelFault> {
        let margin = Objective::Margin.classes_suffice(classes);
        match self {
            Self::Untargeted(loss) => loss.objective().classes_suffice(classes).map(|()| self),
            Self::Targeted(targets) if classes < Objective::TARGETED_DLR_CLASSES => {
                margin.map(|()| Self::TargetedMargin(targets))
            }
            Self::Targeted(_) | Self::TargetedMargin(_) => margin.map(|()| self),
        }
    }
}

impl BallAttack for Apgd {
    fn name(&self) -> &'static str {
        match self.loss {
            ApgdLoss::Untargeted(LossName::CrossEntropy) => "apgd-ce",
            ApgdLoss::Untargeted(LossName::Margin) => "apgd-margin",
            ApgdLoss::Untargeted(LossName::Dlr) => "apgd-dlr",
            ApgdLoss::Untargeted(LossName::Confident) => "apgd-confident",
            ApgdLoss::Targeted(_) | ApgdLoss::TargetedMargin(_) => "apgd-t",
        }
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let mut found = Found::clean(model, batch)?;
        let mut chain = self.first_chain;
        for goal in self.goals(model.classes(), &found.clean_logits, batch.classes()?)? {
            for _ in 0..self.restarts {
                self.run(model, batch, ball, &goal, &noise.for_chain(chain), &mut found)?;
                chain += 1;
            }
        }
        Ok(found.points())
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        let loss = self.loss.for_classes(classes)?;
        Ok(if loss == self.loss { None } else { Some(Arc::new(Self { loss, ..*self })) })
    }
}

#[cfg(test)]
mod tests;
