//! What a model makes of some images.

use crate::{AttackError, logits, objective};
use bal_core::{Classifier, EnsembleGradient};
use tch::Tensor;

/// The model's answer to a batch, image by image; none of it has a graph.
#[derive(Debug)]
pub struct Judgement {
    /// The loss that was asked for, `[n]`.
    pub loss: Tensor,
    /// The combined prediction, `[n, classes]`.
    pub logits: Tensor,
    /// The margin of the combined prediction, `max_{j != y} z_j - z_y`, `[n]`: how near to wrong, in
    /// the same measure for every loss.
    pub margin: Tensor,
    /// Whether the greatest logit is not the label's, `[n]`, as [`crate::predicted_classes`] has it.
    pub wrong: Tensor,
}

impl Judgement {
    pub(crate) fn new(loss: Tensor, logits: Tensor, y: &Tensor) -> Result<Self, AttackError> {
        let margin = objective::margin(&logits, y)?;
        let wrong = logits.f_argmax(-1, false)?.f_ne_tensor(y)?;
        Ok(Self { loss, logits, margin, wrong })
    }

    /// The answer of one forward pass, with the margin as the loss: all that an attack without
    /// gradients asks for.
    pub(crate) fn by_margin(model: &dyn Classifier, x: &Tensor, y: &Tensor) -> Result<Self, AttackError> {
        let answer = crate::Objective::Margin.judge(model, x, y, EnsembleGradient::Predictive)?;
        logits::finite("logit", &answer.logits)?;
        Ok(answer)
    }
}
