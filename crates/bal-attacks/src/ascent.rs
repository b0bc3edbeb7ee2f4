//! Projected gradient ascent: the loop that iterated attacks in a ball have in common.

use crate::{Ball, LossName, ModelFault, SettingError, StepSize};
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
    pub(crate) fn checked(self) -> Result<Self, SettingError> {
        if self.steps == 0 {
            return Err(SettingError::Zero("steps"));
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
    ) -> Result<Tensor, ModelFault> {
        let step_size = self.step_size.at(ball.radius());
        let mut x = start;
        for _ in 0..self.steps {
            let stepped = &x + ball.steepest(&self.direction(model, &x, batch.classes()?)?) * step_size;
            x = ball.project(&batch.x, &stepped).clamp(0.0, 1.0);
        }
        Ok(x)
    }

    /// A positive multiple of each image's gradient of its loss at `x`.
    pub(crate) fn direction(
        &self,
        model: &dyn Classifier,
        x: &Tensor,
        y: &Tensor,
    ) -> Result<Tensor, ModelFault> {
        Ok(self.loss.objective().ascend(model, x, y, self.ensemble_gradient)?.1)
    }
}
