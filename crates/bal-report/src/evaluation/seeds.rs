//! Of an attack that was run with several seeds, what each of them gives.

use serde::{Deserialize, Serialize};

use super::Evaluation;

/// What an attack leaves with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfSeed {
    /// The seed of its random numbers.
    pub seed: u64,
    /// The accuracies, one per radius, in [0, 1].
    pub accuracy: Vec<f64>,
}

impl Evaluation {
    /// Per radius, the least and the greatest accuracy of a single seed; `None` for an evaluation with one seed.
    pub fn spread(&self) -> Option<Vec<(f64, f64)>> {
        let seeds = self.seeds.as_ref()?;
        let ends = |column: usize| {
            let of_seeds = || seeds.iter().filter_map(move |of| of.accuracy.get(column).copied());
            (of_seeds().fold(f64::INFINITY, f64::min), of_seeds().fold(f64::NEG_INFINITY, f64::max))
        };
        Some((0..self.radii.len()).map(ends).collect())
    }

    /// Says what the seeds cannot have: none, one twice, other radii, or less than the worst case of all.
    pub(super) fn check_seeds(&self) -> Result<(), String> {
        let Some(seeds) = &self.seeds else { return Ok(()) };
        if seeds.is_empty() {
            return Err("seeds is empty".into());
        }
        for (index, OfSeed { seed, accuracy }) in seeds.iter().enumerate() {
            if seeds[..index].iter().any(|other| other.seed == *seed) {
                return Err(format!("seeds has {seed} twice"));
            }
            if accuracy.len() != self.radii.len() {
                let radii = self.radii.len();
                return Err(format!(
                    "seeds[{index}].accuracy has {} entries, but radii has {radii}",
                    accuracy.len()
                ));
            }
            for (worst, of_seed) in self.accuracy.iter().zip(accuracy) {
                // Written so that NaN fails too.
                let possible = (worst - 1e-9..=1.0).contains(of_seed);
                if !possible {
                    return Err(format!(
                        "seeds[{index}].accuracy has {of_seed}, which must be in [{worst}, 1], as {worst} is the worst case"
                    ));
                }
            }
        }
        Ok(())
    }
}
