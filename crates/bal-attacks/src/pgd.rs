//! Projected gradient descent on minus the loss, from random starts.

use crate::{
    Ascent, AttackError, Ball, BallAttack, Judgement, LossName, ModelFault, Norm, SettingError, StepSize,
    attack_settings::settings,
    by_name::ByName,
    end_point::{EndPoint, best_of_restarts},
    logits,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
use std::sync::Arc;
use tch::Tensor;

/// Steps of steepest ascent from random points; stays in its ball.
///
/// ```text
/// x_0 ~ uniform in the ball, clipped,    x_k+1 = clip(project(x_k + step_size steepest(grad l(x_k, y))), 0, 1)
/// ```
///
/// With several restarts each image keeps the end point that fools the model, and among those the
/// one with the highest loss.
///
/// Source: Madry et al., ICLR 2018, section 2.1; the L2 ball as in their appendix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pgd {
    ascent: Ascent,
    restarts: u64,
}

settings! {
    /// Settings of [`Pgd`] by name.
    ///
    /// The usual 40 steps may go back and forth: together they are 2.5 radii long, as Madry et al. (ICLR 2018, appendix) have it
    /// for the L2 ball.
    PgdSettings optional (loss) {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Steps of the attack, at least 1.
        steps: u64 = 40,
        /// Length of a step in the norm of the ball, on pixels in [0, 1]: a number, or `radius/NUMBER`.
        step_size: StepSize = StepSize::RadiusOver(16.0),
        /// Random starts, at least 1.
        restarts: u64 = 1,
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
        /// Loss that the attack raises: `cross-entropy`, `margin`, `dlr` or `confident`.
        #[serde(with = "ByName")]
        loss: LossName = LossName::CrossEntropy,
    }
}

impl Pgd {
    /// PGD from `restarts` random starts (1: a single one).
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps or restarts, [`SettingError::StepSize`] unless it is finite
    /// and positive.
    pub fn new(ascent: Ascent, restarts: u64) -> Result<Self, SettingError> {
        if restarts == 0 {
            return Err(SettingError::Zero("restarts"));
        }
        Ok(Self { ascent: ascent.checked()?, restarts })
    }

    /// The end point of one restart.
    fn run(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
        restart: u64,
    ) -> Result<Tensor, ModelFault> {
        let mut streams = noise.for_chain(restart).for_images(&batch.indices);
        let start = ball.uniform(&batch.x, &mut streams).clamp(0.0, 1.0);
        self.ascent.climb(model, batch, &ball, start)
    }

    fn judge(&self, model: &dyn Classifier, batch: &Batch, x: Tensor) -> Result<EndPoint, ModelFault> {
        let Ascent { loss, ensemble_gradient, .. } = self.ascent;
        let Judgement { height, wrong, .. } =
            loss.objective().judge(model, &x, batch.classes()?, ensemble_gradient)?;
        Ok(EndPoint { point: x, wrong, height })
    }
}

impl BallAttack for Pgd {
    fn name(&self) -> &'static str {
        "pgd"
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        logits::whole(batch)?;
        let run = |restart| self.run(model, batch, ball, noise, restart);
        Ok(best_of_restarts(self.restarts, run, |x| self.judge(model, batch, x))?)
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        self.ascent.loss.objective().classes_suffice(classes)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
