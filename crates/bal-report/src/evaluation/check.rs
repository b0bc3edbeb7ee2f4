//! Whether the parts of an evaluation agree with each other.

use super::Evaluation;

/// Accuracies are stored with all their digits; what differs by more was changed by hand.
const TOLERANCE: f64 = 1e-9;

/// Says what is wrong with an evaluation, by key and value.
pub(super) fn consistent(evaluation: &Evaluation) -> Result<(), String> {
    lengths(evaluation)?;
    radii(&evaluation.radii)?;
    for (index, digits) in evaluation.per_image.correct.iter().enumerate() {
        correct(index, digits, evaluation.images)?;
    }
    let recomputed = evaluation.per_image.accuracy();
    for (index, (&given, mean)) in evaluation.accuracy.iter().zip(recomputed).enumerate() {
        // Written so that NaN fails too.
        let agrees = (given - mean).abs() <= TOLERANCE;
        if !agrees {
            return Err(format!(
                "accuracy[{index}] is {given}, but per_image.correct[{index}] has a mean of {mean}"
            ));
        }
    }
    for (index, reached) in evaluation.reached.iter().enumerate() {
        for (key, value) in [("l2", reached.l2), ("linf", reached.linf)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(format!("reached[{index}].{key} must be finite and >= 0, got {value}"));
            }
        }
    }
    Ok(())
}

fn lengths(evaluation: &Evaluation) -> Result<(), String> {
    let radii = evaluation.radii.len();
    if radii == 0 {
        return Err("radii is empty".into());
    }
    if evaluation.images == 0 {
        return Err("images must be at least 1, got 0".into());
    }
    let others = [
        ("accuracy", evaluation.accuracy.len()),
        ("per_image.correct", evaluation.per_image.correct.len()),
        ("reached", evaluation.reached.len()),
    ];
    match others.into_iter().find(|&(_, length)| length != radii) {
        Some((key, length)) => {
            Err(format!("{key} has {length} entries, but radii has {radii}; they must agree"))
        }
        None => Ok(()),
    }
}

fn radii(radii: &[Option<f64>]) -> Result<(), String> {
    let mut last = None;
    for radius in radii.iter().flatten().copied() {
        if !(radius.is_finite() && radius >= 0.0) {
            return Err(format!("a radius must be finite and >= 0, or null; got {radius}"));
        }
        if let Some(last) = last.filter(|&last| radius <= last) {
            return Err(format!("radii must ascend, but {radius} follows {last}"));
        }
        last = Some(radius);
    }
    Ok(())
}

fn correct(index: usize, digits: &str, images: u64) -> Result<(), String> {
    if let Some(other) = digits.chars().find(|digit| !matches!(digit, '0' | '1')) {
        return Err(format!("per_image.correct[{index}] holds {other:?}; it is made of 0 and 1 only"));
    }
    if digits.len() as u64 == images {
        Ok(())
    } else {
        Err(format!("per_image.correct[{index}] has {} characters, but images is {images}", digits.len()))
    }
}
