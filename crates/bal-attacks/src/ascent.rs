//! Projected gradient ascent: the loop that iterated attacks in a ball have in common.

use crate::{AttackError, Ball, StepSize, loss_gradient};
use bal_core::{Batch, Classifier, EnsembleGradient};
use tch::Tensor;

/// How an iterated attack climbs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ascent {
    /// Gradient steps, at least 1.
    pub steps: u64,
    /// Length of each.
    pub step_size: StepSize,
    /// Which loss of an ensemble rises.
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
            let gradient = loss_gradient(model, &x, &batch.y, self.ensemble_gradient)?;
            let stepped = x + ball.steepest(&gradient) * step_size;
            x = ball.project(&batch.x, &stepped).clamp(0.0, 1.0);
        }
        Ok(x)
    }
}
