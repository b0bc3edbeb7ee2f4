//! Seeded permutations whose result is part of a record: the same on every machine and in every version.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What a permutation is for; each purpose draws from its own stream of the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// The 75/25 split of the paper's GTSRB experiment.
    PaperSplit = 1,
    /// Training images held out for tuning.
    Holdout = 2,
    /// Rows of a table to test on.
    TestRows = 3,
}

/// A uniformly random order of `0..n` (Fisher and Yates), a function of `n`, `seed` and `purpose` alone.
pub(crate) fn permutation(n: usize, seed: u64, purpose: Purpose) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose as u64);
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, below(&mut rng, last as u64 + 1) as usize);
    }
    order
}

/// A uniform integer in `0..bound`; draws that would favour small values are rejected.
fn below(rng: &mut ChaCha8Rng, bound: u64) -> u64 {
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let draw = rng.next_u64();
        if draw < fair {
            return draw % bound;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_permutation_that_depends_on_seed_and_purpose() {
        let order = permutation(1000, 7, Purpose::Holdout);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_eq!(order, permutation(1000, 7, Purpose::Holdout));
        assert_ne!(order, permutation(1000, 8, Purpose::Holdout));
        assert_ne!(order, permutation(1000, 7, Purpose::PaperSplit));
    }

    #[test]
    fn records_of_earlier_versions_stay_valid() {
        assert_eq!(permutation(10, 0, Purpose::Holdout), [9, 0, 6, 8, 5, 2, 7, 4, 1, 3]);
        assert_eq!(permutation(10, 0, Purpose::PaperSplit), [2, 3, 0, 9, 4, 8, 5, 7, 6, 1]);
    }

    #[test]
    fn every_order_of_three_is_equally_likely() {
        // Chi-squared with 5 degrees of freedom; 20.5 is exceeded by chance once in 1000 seeds' choices.
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6000 {
            *counts.entry(permutation(3, seed, Purpose::Holdout)).or_insert(0_u32) += 1;
        }
        let chi: f64 = counts.values().map(|&c| (f64::from(c) - 1000.0).powi(2) / 1000.0).sum();
        assert_eq!(counts.len(), 6);
        assert!(chi < 20.5, "{chi}: {counts:?}");
    }

    #[test]
    fn nothing_and_one_thing_have_one_order() {
        assert!(permutation(0, 1, Purpose::Holdout).is_empty());
        assert_eq!(permutation(1, 1, Purpose::Holdout), [0]);
    }
}
