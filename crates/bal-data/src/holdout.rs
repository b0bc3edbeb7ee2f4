//! Which training images are held out, to tune on: seeded, and by whole tracks where there are any.

use std::collections::BTreeMap;

use crate::shuffle::{Purpose, permutation};
use crate::{DataError, Split};

/// How much to hold out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Share {
    /// This share of the images, between 0 and 1, rounded to whole images.
    Fraction(f64),
    /// This number of images.
    Images(usize),
}

/// A division of a split; both sides are ascending indices into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdout {
    /// To train on.
    pub kept: Vec<usize>,
    /// To tune on.
    pub held_out: Vec<usize>,
}

impl Split {
    /// Holds out a random `share` of the images, a function of the split's groups, `share` and `seed` alone.
    ///
    /// Without groups the number of held-out images is exact. With groups whole groups are drawn until it is reached,
    /// so it is exceeded by less than one group: no group has images on both sides.
    ///
    /// [`DataError::Holdout`] if one side would be empty.
    pub fn holdout(&self, share: Share, seed: u64) -> Result<Holdout, DataError> {
        let images = self.len();
        let refused = |share: String| DataError::Holdout { share, images };
        let wanted = match share {
            Share::Fraction(fraction) if fraction > 0.0 && fraction < 1.0 => {
                (fraction * images as f64).round() as usize
            }
            Share::Fraction(fraction) => return Err(refused(format!("a share of {fraction}"))),
            Share::Images(count) => count,
        };
        let groups = self.by_group();
        let mut held_out = Vec::new();
        for group in permutation(groups.len(), seed, Purpose::Holdout) {
            if held_out.len() >= wanted {
                break;
            }
            held_out.extend(&groups[group]);
        }
        if wanted == 0 || held_out.len() < wanted || held_out.len() == images {
            return Err(refused(format!("{wanted}")));
        }
        held_out.sort_unstable();
        let mut out = vec![false; images];
        for &index in &held_out {
            out[index] = true;
        }
        let kept = (0..images).filter(|&index| !out[index]).collect();
        Ok(Holdout { kept, held_out })
    }

    /// Indices of the images of each group, groups by number; each image is a group of its own where there are none.
    fn by_group(&self) -> Vec<Vec<usize>> {
        let Some(numbers) = &self.groups else {
            return (0..self.len()).map(|index| vec![index]).collect();
        };
        let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, &number) in numbers.iter().enumerate().take(self.len()) {
            groups.entry(number).or_default().push(index);
        }
        groups.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;

    use super::*;

    fn split(groups: Option<Vec<u32>>, images: usize) -> Split {
        Split { images: Array4::zeros((images, 1, 1, 1)), labels: vec![0; images], groups, names: None }
    }

    fn all(holdout: &Holdout) -> Vec<usize> {
        let mut all = [holdout.kept.clone(), holdout.held_out.clone()].concat();
        all.sort_unstable();
        all
    }

    #[test]
    fn without_groups_the_number_is_exact_and_the_sides_are_a_division() {
        let split = split(None, 1000);
        for (share, expected) in
            [(Share::Fraction(0.1), 100), (Share::Images(1), 1), (Share::Images(999), 999)]
        {
            let holdout = split.holdout(share, 3).unwrap();
            assert_eq!(holdout.held_out.len(), expected);
            assert_eq!(all(&holdout), (0..1000).collect::<Vec<_>>());
            assert!(holdout.kept.is_sorted() && holdout.held_out.is_sorted());
        }
    }

    #[test]
    fn the_seed_decides() {
        let split = split(None, 1000);
        let first = split.holdout(Share::Images(100), 1).unwrap();
        assert_eq!(first, split.holdout(Share::Images(100), 1).unwrap());
        assert_ne!(first, split.holdout(Share::Images(100), 2).unwrap());
    }

    #[test]
    fn no_track_is_on_both_sides() {
        let groups: Vec<u32> = (0..900).map(|image| image / 30 + 7).collect();
        let split = split(Some(groups.clone()), 900);
        for seed in 0..20 {
            let holdout = split.holdout(Share::Fraction(0.2), seed).unwrap();
            assert_eq!(holdout.held_out.len(), 180);
            assert_eq!(all(&holdout).len(), 900);
            for &index in &holdout.held_out {
                assert!(holdout.kept.iter().all(|&kept| groups[kept] != groups[index]));
            }
        }
    }

    #[test]
    fn with_groups_the_number_is_exceeded_by_less_than_a_group() {
        let split = split(Some((0..100).map(|image| image / 10).collect()), 100);
        assert_eq!(split.holdout(Share::Images(11), 0).unwrap().held_out.len(), 20);
    }

    #[test]
    fn shares_that_leave_one_side_empty_are_refused() {
        let one_track = split(Some(vec![4; 10]), 10);
        let cases = [
            (split(None, 10), Share::Fraction(0.0)),
            (split(None, 10), Share::Fraction(1.0)),
            (split(None, 10), Share::Fraction(f64::NAN)),
            (split(None, 10), Share::Fraction(0.01)),
            (split(None, 10), Share::Images(0)),
            (split(None, 10), Share::Images(10)),
            (split(None, 10), Share::Images(11)),
            (split(None, 0), Share::Images(1)),
            (one_track, Share::Images(1)),
        ];
        for (split, share) in cases {
            let error = split.holdout(share, 0).unwrap_err().to_string();
            assert!(error.contains("hold out"), "{share:?}: {error}");
        }
    }
}
