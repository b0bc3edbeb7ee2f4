//! Outputs that depend on the other images of a batch.

use super::{Finding, Severity};
use crate::{ModelFault, logits};
use bal_core::{Classifier, channels_last};
use tch::Tensor;

/// How far the logits of an image may move with its neighbours, relative to the greatest: sums in another order move
/// them by less, also in half precision.
const TOLERANCE: f64 = 1e-2;

/// How many images are shown alone.
const ALONE: i64 = 8;

/// Fires when an image of `x`, `[n, c, h, w]`, gets other logits alone than among the others.
///
/// What becomes of such an image depends on what it is attacked beside, and accuracies on how a data set is cut.
/// Silent for a model whose outputs change from pass to pass, which [`super::random_outputs()`] reports.
///
/// # Errors
/// [`ModelFault::Model`], [`ModelFault::Logits`] and [`ModelFault::NotFinite`] when the model fails.
pub fn neighbours(model: &dyn Classifier, x: &Tensor) -> Result<Option<Finding>, ModelFault> {
    let _guard = tch::no_grad_guard();
    let answer = |x: &Tensor| -> Result<Tensor, ModelFault> {
        let z = logits::combined(model, &channels_last(x))?;
        logits::finite("logit", &z)?;
        Ok(z)
    };
    let together = answer(x)?;
    let greatest = together.abs().max().double_value(&[]).max(f64::from(f32::MIN_POSITIVE));
    let apart = |a: &Tensor, b: &Tensor| (a - b).abs().max().double_value(&[]) / greatest;
    if apart(&answer(x)?, &together) > TOLERANCE {
        return Ok(None);
    }
    let (mut most, mut flipped) = (0.0f64, 0);
    let count = x.size().first().copied().unwrap_or(0).min(ALONE);
    for row in 0..count {
        let (alone, among) = (answer(&x.f_narrow(0, row, 1)?)?, together.f_narrow(0, row, 1)?);
        most = most.max(apart(&alone, &among));
        flipped += i64::from(alone.argmax(-1, false) != among.argmax(-1, false));
    }
    Ok((most > TOLERANCE).then(|| Finding {
        check: "neighbours",
        severity: Severity::Fault,
        numbers: vec![
            ("relative_change", most),
            ("share_of_predictions_changed", flipped as f64 / count.max(1) as f64),
        ],
        sentence: format!(
            "an image alone gets other logits than among others, by up to {most:.1e} of the greatest, and {flipped} of \
             {count} another class: what is measured depends on how images are put together"
        ),
        anchor: "outputs-that-depend-on-the-batch",
    }))
}
