//! Projected gradient ascent: the loop that iterated attacks in a ball have in common.

use crate::{AttackError, Ball, LossName, StepSize, gradient};
use bal_core::{Batch, Classifier, EnsembleGradient};
use tch::Tensor;

/// How an iterated attack climbs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    /// Gradient steps, at least 1.
    pub steps: u64,
    /// Length of each.
    pub step_size: StepSize,
    /// The loss that rises.
    pub loss: LossName,
    /// Which loss of an ensemble that is.
    pub ensemble_gradient: EnsembleGradient,
}

impl Ascent {
    /// Refuses a climb that goes nowhere.
    pub(crate) fn checked(self) -> Result<Self, AttackError> {
        if self.steps == 0 {
            return Err(AttackError::Zero("steps"));
        }
        Ok(Self { step_size: self.step_size.checked()?, ..self })
    }

    /// ```text
    /// x' <- clip(project(x' + step_size steepest(grad l(x', y))), 0, 1),    steps times from `start`
    /// ```
    pub(crate) fn climb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: &Ball,
        start: Tensor,
    ) -> Result<Tensor, AttackError> {
        let step_size = self.step_size.at(ball.radius());
        let mut x = start;
        for _ in 0..self.steps {
            let stepped = &x + ball.steepest(&self.gradient(model, &x, &batch.y)?) * step_size;
            x = ball.project(&batch.x, &stepped).clamp(0.0, 1.0);
        }
        Ok(x)
    }

    /// The gradient of the sum of the images' losses at `x`.
    pub(crate) fn gradient(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
    ) -> Result<Tensor, AttackError> {
        let x = gradient::leaf(x);
        let (loss, _) = self.loss.objective().forward(model, &x, y, self.ensemble_gradient)?;
        gradient::gradient(&loss, &x)
    }
}
