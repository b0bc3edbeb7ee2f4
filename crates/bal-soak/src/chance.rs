//! Moments and choices that look random and are a function of the seed.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of draws.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of `part` under `seed`; parts do not share any.
    pub(super) fn new(seed: u64, part: u64) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(part);
        Self(generator)
    }

    /// Uniform in [0, 1).
    pub(super) fn fraction(&mut self) -> f64 {
        // The 53 bits that a double holds.
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [0, `most`).
    pub(super) fn moment(&mut self, most: Duration) -> Duration {
        most.mul_f64(self.fraction())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_and_the_part_decide_alone() {
        let draws = |seed, part| -> Vec<f64> {
            let mut chance = Chance::new(seed, part);
            (0..100).map(|_| chance.fraction()).collect()
        };
        assert_eq!(draws(1, 2), draws(1, 2));
        assert_ne!(draws(1, 2), draws(2, 2));
        assert_ne!(draws(1, 2), draws(1, 3));
        assert!(draws(1, 2).iter().all(|x| (0.0..1.0).contains(x)));
    }
}
