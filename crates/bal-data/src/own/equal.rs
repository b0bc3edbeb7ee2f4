//! Images that are equal once they are read: copies, and what a conversion made so.

use serde::Serialize;

use super::listing::Side;
use crate::Digest;

/// The share of all images above which equal ones deserve a warning.
pub(super) const MANY: f64 = 0.1;

/// How many images have exactly the pixels of another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Equal {
    /// Images that are equal to another one.
    pub images: usize,
    /// Those of them that are equal to one of another class.
    pub of_another_class: usize,
    /// Test images that are equal to a training image.
    pub tested_and_trained: usize,
}

impl Equal {
    /// Of images with these digests of their pixels, labels and sides.
    pub(super) fn of(pixels: &[Digest], labels: &[u16], sides: &[Side]) -> Self {
        let mut order: Vec<usize> = (0..pixels.len()).collect();
        order.sort_unstable_by_key(|&at| pixels[at]);
        let mut equal = Self::default();
        for same in order.chunk_by(|&one, &other| pixels[one] == pixels[other]) {
            if same.len() < 2 {
                continue;
            }
            equal.images += same.len();
            if same.iter().any(|&at| labels[at] != labels[same[0]]) {
                equal.of_another_class += same.len();
            }
            if same.iter().any(|&at| sides[at] == Side::Train) {
                equal.tested_and_trained += same.iter().filter(|&&at| sides[at] == Side::Test).count();
            }
        }
        equal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_counted_and_so_are_those_that_say_two_things() {
        let pixels = [1_u8, 2, 1, 3, 2, 2, 4].map(|image| Digest::of(&[image]));
        let sides =
            [Side::Train, Side::Train, Side::Train, Side::Test, Side::Test, Side::Test, Side::HeldOut];
        let found = Equal::of(&pixels, &[0, 0, 0, 1, 1, 0, 1], &sides);
        assert_eq!(found, Equal { images: 5, of_another_class: 3, tested_and_trained: 2 });
        assert_eq!(Equal::of(&[], &[], &[]), Equal::default());
    }
}
