//! Signs, in what an attack found, that the accuracy is higher than it should be.

use crate::{Note, Remedy};
use bal_attacks::AccuracyCurve;

/// The share of gradients from which on an attack by them has hardly gone anywhere.
const MOSTLY: f64 = 0.5;

/// The share of images that an attack without gradients may take after those with: the reference's.
const LEFT: f64 = 0.002;

/// What there is to say of an evaluation.
pub(crate) fn of(curve: &AccuracyCurve) -> Vec<Note> {
    let others = after_gradients(curve).chain(not_found(curve)).map(Note::warning);
    zero_gradients(curve).into_iter().chain(others).collect()
}

/// An attack that saw no slope was hardly one.
fn zero_gradients(curve: &AccuracyCurve) -> Option<Note> {
    let parts = curve.parts.iter().zip(&curve.gradients).filter_map(|(part, gradients)| {
        let share = gradients.share_zero().filter(|&share| share > MOSTLY)?;
        Some(format!("{:.1} % of {part}", 100.0 * share))
    });
    let parts = parts.collect::<Vec<_>>().join(", ");
    (!parts.is_empty()).then(|| {
        Note::warning(format!(
            "gradients were zero in every pixel: {parts}; there was nowhere to go, and what is left so says nothing of \
             robustness"
        ))
        .with(Remedy::Check)
    })
}

/// Random search should not find what gradients, which know more, do not.
fn after_gradients(curve: &AccuracyCurve) -> impl Iterator<Item = String> + '_ {
    let column = curve.radii.len().saturating_sub(1);
    let images = curve.images();
    let by_gradients = curve.gradients.iter().position(|part| part.taken > 0);
    let broken = curve.broken_by(column).into_iter().enumerate();
    broken.filter_map(move |(place, broken)| {
        let behind = by_gradients.is_some_and(|first| first < place) && curve.gradients[place].taken == 0;
        let share = broken as f64 / images.max(1) as f64;
        let radius = curve.radii[column].map(|radius| format!(" at radius {radius}")).unwrap_or_default();
        (behind && share > LEFT).then(|| {
            format!(
                "{} broke {broken} of {images} images ({:.1} %){radius} that every attack by gradients had left, and sees \
                 outputs only: gradients may mislead, and the accuracy be too high still; more queries or an attack made \
                 for this model may take more (docs/evaluation.md#black-box-beats-white-box)",
                curve.parts[place],
                100.0 * share
            )
        })
    })
}

/// Nothing found is no robustness.
fn not_found(curve: &AccuracyCurve) -> Option<String> {
    let (count, images) = (curve.not_found(), curve.images());
    let why = if curve.attack == "hop-skip-jump" {
        ": no noise was wrong for them, and there was no image of another class to begin at"
    } else {
        ""
    };
    (count > 0).then(|| {
        format!(
            "{} found no error for {count} of {images} images, however far away{why}; they count as right at every radius, \
             and how near an error is is not known",
            curve.attack
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_attacks::{Gradients, Outcome};

    fn all(curve: &AccuracyCurve) -> Vec<String> {
        of(curve).into_iter().map(|note| note.text).collect()
    }

    /// Of so many images, the first of which are broken by these parts in turn.
    fn curve(images: usize, parts: &[(&str, usize, Gradients)]) -> AccuracyCurve {
        let mut broken_by: Vec<Option<usize>> = vec![];
        for (place, (_, count, _)) in parts.iter().enumerate() {
            broken_by.extend(vec![Some(place); *count]);
        }
        broken_by.resize(images, None);
        let outcome = Outcome {
            predicted: broken_by.iter().map(|by| i64::from(by.is_some())).collect(),
            l2: vec![0.0; images],
            linf: vec![0.0; images],
            size: None,
            broken_by,
        };
        AccuracyCurve {
            attack: "autoattack".into(),
            measure: None,
            radii: vec![Some(0.1)],
            correct: vec![outcome.predicted.iter().map(|&class| class == 0).collect()],
            reached: vec![],
            indices: (0..images as i64).collect(),
            labels: vec![0; images],
            clean: vec![0; images],
            parts: parts.iter().map(|(name, ..)| (*name).to_string()).collect(),
            outcomes: vec![outcome],
            distances: None,
            gradients: parts.iter().map(|(.., gradients)| *gradients).collect(),
        }
    }

    const SOUND: Gradients = Gradients { taken: 100, zero: 50 };
    const NONE: Gradients = Gradients { taken: 0, zero: 0 };

    #[test]
    fn an_attack_without_gradients_that_takes_what_others_left_is_named_with_how_many() {
        let said = all(&curve(1000, &[("apgd-ce", 100, SOUND), ("square", 3, NONE)]));
        assert_eq!(said.len(), 1);
        let expected =
            "square broke 3 of 1000 images (0.3 %) at radius 0.1 that every attack by gradients had left";
        assert!(said[0].starts_with(expected), "{said:?}");
        for (parts, why) in [
            (&[("apgd-ce", 100, SOUND), ("square", 2, NONE)][..], "no more than the reference lets pass"),
            (&[("square", 30, NONE), ("apgd-ce", 100, SOUND)], "it came first"),
            (&[("square", 30, NONE)], "it was alone"),
            (&[("apgd-ce", 10, SOUND), ("fab", 30, SOUND)], "it follows gradients"),
        ] {
            assert_eq!(all(&curve(1000, parts)), Vec::<String>::new(), "{why}");
        }
    }

    #[test]
    fn an_attack_most_of_whose_gradients_are_zero_is_named_with_the_share() {
        let deaf = Gradients { taken: 1000, zero: 999 };
        let said = all(&curve(10, &[("apgd-ce", 0, deaf), ("apgd-t", 0, SOUND)]));
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("gradients were zero in every pixel: 99.9 % of apgd-ce; "), "{said:?}");
    }

    #[test]
    fn images_without_a_found_error_are_counted() {
        let distances = Some(vec![Some(0.0), None, Some(0.2), None]);
        let found =
            AccuracyCurve { attack: "hop-skip-jump".into(), distances, ..curve(4, &[("a", 0, NONE)]) };
        let said = all(&found);
        assert_eq!(said.len(), 1);
        assert!(said[0].starts_with("hop-skip-jump found no error for 2 of 4 images"), "{said:?}");
        assert!(said[0].contains("no image of another class to begin at"));
    }
}
