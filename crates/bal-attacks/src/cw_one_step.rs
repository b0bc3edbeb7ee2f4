//! The one-step Carlini-Wagner attack that the paper reports.

use crate::{AttackError, FixedAttack, attack_settings::settings, gradient, logits};
use bal_core::{Batch, Classifier, NoiseStream};
use std::f64::consts::SQRT_2;
use tch::{Kind, Tensor};

/// One gradient step down the margin, over a batch of 100 at once; has no ball and no radius.
///
/// ```text
/// L  = max(sum_i (z_i,y - sum_{j != y} z_i,j), 0) + sqrt(||d||^2 + 1e-9),    d = x' - x = 0
/// x' = clip(x - grad_x L / sqrt(2), 0, 1)
/// ```
///
/// `z` are raw logits, also of models that predict otherwise, or the members' log-probabilities, as the
/// released code had it on GTSRB, whose network ended in them; of an ensemble each member has its own
/// `L`, and the members' gradients are averaged. The distance has gradient `d / sqrt(..)`, which
/// is 0 at `d = 0`: its term changes nothing in the only step. The hinge is over the whole batch,
/// in data set order: once its sum is not positive, no image of the batch moves. So images depend on
/// their neighbours, and what the accuracy means depends on the distances reached.
///
/// Source: the code released with Ye & Zhu, NeurIPS 2018; what Carlini & Wagner (IEEE S&P 2017)
/// describe is an optimiser of many steps on each image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CwOneStep {
    /// On raw logits.
    Logits,
    /// On each member's log-probabilities.
    LogProbabilities,
}

settings! {
    /// Settings of [`CwOneStep`]: none.
    CwOneStepSettings {}
}

impl FixedAttack for CwOneStep {
    fn name(&self) -> &'static str {
        match self {
            Self::Logits => "cw-one-step",
            Self::LogProbabilities => "cw-one-step-log-probabilities",
        }
    }

    fn batch_size(&self) -> Option<usize> {
        Some(100)
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        _noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        logits::whole(batch)?;
        logits::labels_fit(batch.classes()?, model.classes())?;
        let x = gradient::leaf(&batch.x);
        let z = logits::of_members(model, &x)?;
        // A hinge hides what is not a number from its gradient.
        logits::finite("logit", &z.f_transpose(0, 1)?)?;
        let z = match self {
            Self::Logits => z,
            Self::LogProbabilities => z.f_log_softmax(-1, Kind::Float)?,
        };
        // z_y - sum_{j != y} z_j = 2 z_y - sum_j z_j, for each member and image.
        let margins =
            gradient::at_labels(&z, batch.classes()?)? * 2.0 - z.f_sum_dim_intlist(-1, false, Kind::Float)?;
        let hinges = margins.f_sum_dim_intlist(-1, false, Kind::Float)?.f_relu()?;
        let gradient = gradient::gradient(&hinges.f_mean(Kind::Float)?, &x)?;
        Ok((&batch.x - gradient / SQRT_2).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests;
