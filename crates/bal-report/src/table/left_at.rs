//! What several attacks together leave.

use crate::{Evaluation, PerImage};

/// The share of the first `images` images that stand under all of these attacks at a radius; `None` if one was not made there.
pub(super) fn left_at(attacks: &[&Option<Evaluation>], radius: Option<f64>, images: u64) -> Option<f64> {
    let at = |attack: &&Option<Evaluation>| {
        let attack = attack.as_ref()?;
        let at = attack.radii.iter().position(|&other| other == radius)?;
        let these = attack.per_image.correct[at].chars().take(images as usize);
        Some(PerImage { correct: vec![these.collect()] })
    };
    let left: Vec<PerImage> = attacks.iter().map(at).collect::<Option<_>>()?;
    PerImage::left_by_all(&left).accuracy().first().copied()
}
