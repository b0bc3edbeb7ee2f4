//! What a model makes of some images.

use crate::{ModelFault, Objective, logits, objective};
use bal_core::{Classifier, channels_last};
use tch::Tensor;

/// The model's answer to a batch, image by image; none of it has a graph.
#[derive(Debug)]
pub struct Judgement {
    /// The loss that was asked for, `[n]`, in the precision of [`Classifier::loss_kind`].
    pub loss: Tensor,
    /// A number that rises with the loss, `[n]`, and that no certainty of the model rounds away: the logarithm of the
    /// cross-entropy, of the confident loss minus that of minus the loss, and elsewhere the loss itself. Losses
    /// are compared by it.
    pub height: Tensor,
    /// The combined prediction, `[n, classes]`.
    pub logits: Tensor,
    /// The margin of the combined prediction, `max_{j != y} z_j - z_y`, `[n]`: how near to wrong, in
    /// the same measure for every loss.
    pub margin: Tensor,
    /// Whether the greatest logit is not the label's, `[n]`, as [`crate::predicted_classes`] has it.
    pub wrong: Tensor,
}

impl Judgement {
    /// What the combined prediction `logits` says, and this loss; the three without a graph.
    pub(crate) fn new(loss: Tensor, height: Tensor, logits: Tensor, y: &Tensor) -> Result<Self, ModelFault> {
        let margin = objective::margin(&logits, y)?;
        let wrong = logits.f_argmax(-1, false)?.f_ne_tensor(y)?;
        Ok(Self { loss, height, logits, margin, wrong })
    }

    /// The answer of one forward pass, with the margin as the loss: all that an attack without
    /// gradients asks for.
    pub(crate) fn by_margin(model: &dyn Classifier, x: &Tensor, y: &Tensor) -> Result<Self, ModelFault> {
        logits::labels_fit(y, model.classes())?;
        Objective::Margin.classes_suffice(model.classes())?;
        let _guard = tch::no_grad_guard();
        let logits = logits::combined(model, &channels_last(x))?;
        logits::finite("logit", &logits)?;
        let margin = objective::margin(&logits, y)?;
        Self::new(margin.shallow_clone(), margin, logits, y)
    }
}
