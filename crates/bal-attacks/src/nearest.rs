//! The nearest adversarial image of each, as a search comes upon them.

use crate::{Norm, still_robust::per_image};
use tch::Tensor;

/// What a search for the nearest error has found so far.
pub(crate) struct Nearest {
    /// The length of each change, `[m]`.
    length: Box<dyn Fn(&Tensor) -> Tensor>,
    clean: Tensor,
    /// The nearest adversarial images, or what moves pixels so, `[m, c, h, w]`; the clean one where none was found.
    pub(crate) images: Tensor,
    /// How far they are, `[m]`; infinite where none was found.
    pub(crate) distance: Tensor,
}

impl Nearest {
    /// Nothing found yet around `clean`, `[m, c, h, w]`.
    pub(crate) fn new(norm: Norm, clean: &Tensor) -> Self {
        Self::by(move |change| norm.of_each(change).reshape([-1]), clean)
    }

    /// The same, where this is the length of each change, `[m]`.
    pub(crate) fn by(length: impl Fn(&Tensor) -> Tensor + 'static, clean: &Tensor) -> Self {
        let distance = length(clean).full_like(f64::INFINITY);
        Self { length: Box::new(length), clean: clean.shallow_clone(), images: clean.copy(), distance }
    }

    /// Takes those of `x` that are `adversarial`, `[m]`, and nearer than what is known.
    pub(crate) fn offer(&mut self, x: &Tensor, adversarial: &Tensor) {
        let distance = (self.length)(&(x - &self.clean));
        let nearer = adversarial.logical_and(&distance.lt_tensor(&self.distance));
        self.images = x.where_self(&per_image(&nearer), &self.images);
        self.distance = distance.where_self(&nearer, &self.distance);
    }

    /// As [`Nearest::offer`], of some rows only: `rows`: `[k]`, `x`: `[k, c, h, w]`.
    pub(crate) fn offer_rows(&mut self, rows: &Tensor, x: &Tensor, adversarial: &Tensor) {
        let whole = self.images.index_copy(0, rows, x);
        let mask = self.distance.zeros_like().to_kind(adversarial.kind()).index_copy(0, rows, adversarial);
        self.offer(&whole, &mask);
    }

    /// Where something was found, `[m]`.
    pub(crate) fn found(&self) -> Tensor {
        self.distance.isfinite()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::images;

    #[test]
    fn the_nearest_adversarial_image_is_kept_and_clean_images_stay_where_there_is_none() {
        let clean = images(&[&[0.5, 0.5], &[0.5, 0.5]]);
        let mut nearest = Nearest::new(Norm::LInf, &clean);
        let mask = |flags: [bool; 2]| Tensor::from_slice(&flags);
        nearest.offer(&images(&[&[0.9, 0.5], &[0.5, 0.6]]), &mask([true, false]));
        nearest.offer(&images(&[&[0.5, 0.8], &[0.5, 0.6]]), &mask([true, false]));
        nearest.offer(&images(&[&[0.5, 0.55], &[0.5, 0.6]]), &mask([false, false]));
        assert_eq!(nearest.images, images(&[&[0.5, 0.8], &[0.5, 0.5]]));
        assert_eq!(nearest.found(), mask([true, false]));
        nearest.offer_rows(
            &Tensor::from_slice(&[1i64]),
            &images(&[&[0.2, 0.5]]),
            &Tensor::from_slice(&[true]),
        );
        assert_eq!(nearest.images, images(&[&[0.5, 0.8], &[0.2, 0.5]]));
    }
}
