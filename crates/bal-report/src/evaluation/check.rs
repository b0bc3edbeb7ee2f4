//! Whether the parts of an evaluation agree with each other.

use super::{Evaluation, Nearest, survivors};

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
        let size = reached.size.map(|size| ("size", size));
        for (key, value) in [("l2", reached.l2), ("linf", reached.linf)].into_iter().chain(size) {
            if !(value.is_finite() && value >= 0.0) {
                return Err(format!("reached[{index}].{key} must be finite and >= 0, got {value}"));
            }
        }
    }
    for (index, counts) in evaluation.broken_by.iter().flatten().enumerate() {
        let wrong = evaluation.images - survivors(&evaluation.per_image.correct[index]);
        let broken = counts.values().fold(0u64, |sum, &count| sum.saturating_add(count));
        if broken > wrong {
            return Err(format!("broken_by[{index}] counts {broken} images, but only {wrong} are wrong"));
        }
    }
    evaluation.check_seeds()?;
    if let Some(image_set) = &evaluation.image_set {
        image_set.check(evaluation.images)?;
    }
    for (part, share) in evaluation.zero_gradients.iter().flatten() {
        if !(0.0..=1.0).contains(share) {
            return Err(format!("zero_gradients.{part} must be in [0, 1], got {share}"));
        }
    }
    evaluation.nearest.as_ref().map_or(Ok(()), |nearest| distances(evaluation, nearest))
}

/// Whether distances are some, and leave as many images standing within each radius as the accuracy says.
fn distances(evaluation: &Evaluation, nearest: &Nearest) -> Result<(), String> {
    let Nearest { median, distances, not_found } = nearest;
    if distances.len() as u64 != evaluation.images {
        let images = evaluation.images;
        return Err(format!("nearest.distances has {} entries, but images is {images}", distances.len()));
    }
    if let Some(other) = distances.iter().chain([median]).flatten().find(|d| !(d.is_finite() && **d >= 0.0)) {
        return Err(format!("a distance in nearest must be finite and >= 0, or null; got {other}"));
    }
    // Records from before they were counted say nothing, which reads as none.
    let missing = distances.iter().filter(|distance| distance.is_none()).count() as u64;
    if *not_found > 0 && *not_found != missing {
        return Err(format!("nearest.not_found is {not_found}, but {missing} distances are null"));
    }
    for (&radius, digits) in evaluation.radii.iter().zip(&evaluation.per_image.correct) {
        let Some(radius) = radius else { continue };
        let beyond = distances.iter().filter(|d| d.is_none_or(|d| d > radius)).count() as u64;
        let standing = survivors(digits);
        if beyond != standing {
            return Err(format!(
                "nearest.distances leaves {beyond} images standing at radius {radius}, per_image.correct {standing}"
            ));
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
        ("broken_by", evaluation.broken_by.as_ref().map_or(radii, Vec::len)),
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
