//! What several attacks together leave.

use bal_report::{Evaluation, PerImage, ReportError};

/// The share of the first `images` images that stand under all of these attacks at a radius; `None` if one was not made there.
///
/// Errors name two attacks that are not of the same weights or images.
pub(super) fn left_at(
    attacks: &[&Option<Evaluation>],
    radius: Option<f64>,
    images: u64,
) -> Result<Option<f64>, ReportError> {
    let Some(all) = attacks.iter().map(|attack| attack.as_ref()).collect::<Option<Vec<&Evaluation>>>() else {
        return Ok(None);
    };
    together(&all)?;
    let at = |attack: &&Evaluation| {
        let at = attack.radii.iter().position(|&other| other == radius)?;
        let these = attack.per_image.correct[at].chars().take(images as usize);
        Some(PerImage { correct: vec![these.collect()] })
    };
    let Some(left) = all.iter().map(at).collect::<Option<Vec<PerImage>>>() else { return Ok(None) };
    Ok(PerImage::left_by_all(&left).accuracy().first().copied())
}

/// Refuses evaluations that say they are of different weights, or of so many images each but different ones: image by image
/// they do not belong together.
pub(super) fn together(attacks: &[&Evaluation]) -> Result<(), ReportError> {
    let Some((first, others)) = attacks.split_first() else { return Ok(()) };
    let differ = |other: &Evaluation| {
        let digest = |evaluation: &Evaluation| evaluation.image_set.as_ref().map(|set| set.digest.clone());
        if let (Some(one), Some(another)) = (&first.model.weights, &other.model.weights)
            && one != another
        {
            return Some("weights");
        }
        match (digest(first), digest(other)) {
            (Some(one), Some(another)) if first.images == other.images && one != another => Some("images"),
            _ => None,
        }
    };
    match others.iter().find_map(|other| Some((other, differ(other)?))) {
        None => Ok(()),
        Some((other, what)) => Err(ReportError::Apart {
            model: first.model.source.clone(),
            first: first.attack.clone(),
            other: other.attack.clone(),
            what,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::synthetic::evaluation;
    use bal_report::ImageSet;

    #[test]
    fn attacks_on_other_weights_or_images_are_not_taken_together() {
        let of = |attack: &str, images: usize, weights: Option<char>, set: Option<char>| {
            let mut evaluation = evaluation(attack, vec![Some(0.1)], &[0.5], images);
            let digest = |digit: char| digit.to_string().repeat(64);
            evaluation.model.weights = weights.map(|digit| vec![digest(digit)]);
            evaluation.image_set =
                set.map(|digit| ImageSet { digest: digest(digit), classes: None, trained_on: None });
            evaluation
        };
        let first = of("autoattack", 8, Some('a'), Some('1'));
        let left = |other: Evaluation| left_at(&[&Some(first.clone()), &Some(other)], Some(0.1), 8);
        for fits in [
            of("suite", 8, Some('a'), Some('1')),
            of("suite", 8, None, None),
            // The first images of more.
            of("suite", 16, Some('a'), Some('2')),
        ] {
            assert_eq!(left(fits).unwrap(), Some(0.5));
        }
        for (other, what) in [
            (of("suite", 8, Some('b'), Some('1')), "different weights"),
            (of("suite", 8, Some('a'), Some('2')), "different images"),
        ] {
            let error = left(other).unwrap_err().to_string();
            assert!(error.contains(what) && error.contains("autoattack and suite on a run"), "{error}");
        }
    }
}
