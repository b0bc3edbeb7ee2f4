//! Outputs that change from pass to pass.

use super::{Finding, Severity};
use crate::{ModelFault, logits};
use bal_core::{Classifier, channels_last};
use tch::{Kind, Tensor};

/// How far two passes may differ, relative to the greatest logit: sums in another order do so on GPUs.
const TOLERANCE: f64 = 1e-4;

/// Fires when two passes over `x`, `[n, c, h, w]`, give different predictions.
///
/// # Errors
/// [`ModelFault::Model`], [`ModelFault::Logits`] and [`ModelFault::NotFinite`] when the model fails.
pub fn random_outputs(model: &dyn Classifier, x: &Tensor) -> Result<Option<Finding>, ModelFault> {
    let _guard = tch::no_grad_guard();
    let x = channels_last(x);
    let (first, second) = (logits::combined(model, &x)?, logits::combined(model, &x)?);
    logits::finite("logit", &first)?;
    logits::finite("logit", &second)?;
    let greatest = |t: Tensor| t.abs().max().double_value(&[]);
    let change =
        greatest(&first - &second) / greatest(first.shallow_clone()).max(f64::from(f32::MIN_POSITIVE));
    let flipped = first.argmax(-1, false).ne_tensor(&second.argmax(-1, false));
    let flipped = flipped.to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
    Ok((change > TOLERANCE).then(|| Finding {
        check: "random-outputs",
        severity: Severity::Warning,
        numbers: vec![("relative_change", change), ("share_of_predictions_changed", flipped)],
        sentence: format!(
            "two passes over the same images differ, by {change:.1e} of the greatest logit and in {:.1} % of the \
             predictions: an attack follows the gradient of one draw and is judged by another",
            100.0 * flipped
        ),
        anchor: "random-outputs",
    }))
}
