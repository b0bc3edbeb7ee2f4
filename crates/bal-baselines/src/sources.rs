//! The networks that an inner attack runs on.

use bal_core::{Classifier, NoiseKey, NoiseStream, Purpose, Shared, TrainError};

/// Fixed networks that adversarial training makes its images on, so that these do not depend on the network in training
/// alone.
///
/// For each batch one of them is drawn, all with the same probability; with `include_self` the network in training is one of
/// them. The attack sees the one that was drawn as an evaluation on it would: in evaluation mode, with losses in double
/// precision.
///
/// ```text
/// min_w  mean_i [ (1 - c) l(attack(x_i; f_k), y_i; w) + c l(x_i, y_i; w) ],    k uniform, anew for each batch
/// ```
///
/// Source: Tramèr et al., ICLR 2018, section 3.3, ensemble adversarial training. In the authors' code dropout acts in the
/// networks while they are attacked.
pub struct Sources {
    fixed: Vec<Shared<Box<dyn Classifier>>>,
    include_self: bool,
}

impl Sources {
    /// These networks and, with `include_self`, the one in training.
    ///
    /// # Errors
    /// [`TrainError::Setting`] without a network.
    pub fn new(fixed: Vec<Box<dyn Classifier>>, include_self: bool) -> Result<Self, TrainError> {
        if fixed.is_empty() {
            return Err(TrainError::Setting {
                setting: "sources".into(),
                value: "[]".into(),
                why: "at least one fixed network is needed".into(),
            });
        }
        Ok(Self { fixed: fixed.into_iter().map(Shared::new).collect(), include_self })
    }

    /// The network that is attacked in a sweep; `None` is the network in training.
    pub(crate) fn drawn(&self, seed: u64, sweep: u64) -> Option<&Shared<Box<dyn Classifier>>> {
        let count = self.fixed.len() + usize::from(self.include_self);
        let key = NoiseKey { seed, purpose: Purpose::Source, sweep, chain: 0 };
        let first = NoiseStream::new(key).permutation(count as i64)[0];
        self.fixed.get(first as usize)
    }
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fixed = self.fixed.len();
        f.debug_struct("Sources").field("fixed", &fixed).field("include_self", &self.include_self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{ClassifierError, Prediction};
    use tch::Tensor;

    /// A network of so many classes, by which it is known again.
    struct Of(i64);

    impl Classifier for Of {
        fn classes(&self) -> i64 {
            self.0
        }

        fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
            Ok(Tensor::zeros([1, x.size()[0], self.0], (tch::Kind::Float, x.device())))
        }

        fn prediction(&self) -> Prediction {
            Prediction::MeanLogits
        }

        fn replicate(&self) -> Box<dyn Classifier> {
            Box::new(Self(self.0))
        }
    }

    fn sources(count: i64, include_self: bool) -> Sources {
        let fixed = (0..count).map(|i| Box::new(Of(i)) as Box<dyn Classifier>).collect();
        Sources::new(fixed, include_self).unwrap()
    }

    /// Which was drawn; `count` stands for the network in training.
    fn place(sources: &Sources, count: i64, seed: u64, sweep: u64) -> i64 {
        sources.drawn(seed, sweep).map_or(count, |source| source.with(|source| source.classes()))
    }

    /// The statistic of a chi-square test has mean k - 1 and variance 2 (k - 1) for k cells. False alarm: 5 standard errors,
    /// of a skewed law, below 1 in 1,000 for each of the 6 cases, and the seeds are fixed.
    #[test]
    fn every_source_is_drawn_with_the_same_probability() {
        const DRAWS: u64 = 6_000;
        for (fixed, include_self) in [(1, true), (3, true), (3, false)] {
            let sources = sources(fixed, include_self);
            let cells = fixed as usize + usize::from(include_self);
            for seed in [1, 2] {
                let mut counts = vec![0.0; cells];
                for sweep in 1..=DRAWS {
                    counts[place(&sources, fixed, seed, sweep) as usize] += 1.0;
                }
                let expected = DRAWS as f64 / cells as f64;
                let statistic: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
                let free = (cells - 1) as f64;
                assert!(statistic < free + 5.0 * (2.0 * free).sqrt(), "{counts:?}");
                // Which came last says nothing of which comes next.
                let repeated = (1..DRAWS)
                    .filter(|&s| place(&sources, fixed, seed, s) == place(&sources, fixed, seed, s + 1));
                let (share, p) = (repeated.count() as f64 / (DRAWS - 1) as f64, 1.0 / cells as f64);
                assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / DRAWS as f64).sqrt(), "{share}");
            }
        }
    }

    #[test]
    fn a_draw_depends_on_seed_and_sweep_alone() {
        let draws = |seed| {
            let sources = sources(3, true);
            (1..=50).map(|sweep| place(&sources, 3, seed, sweep)).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        // As it is after resuming: what was drawn before is not known.
        assert_eq!(place(&sources(3, true), 3, 7, 31), draws(7)[30]);
    }

    #[test]
    fn no_source_is_refused() {
        let error = Sources::new(vec![], true).unwrap_err().to_string();
        assert!(error.contains("sources = []") && error.contains("at least one"), "{error}");
    }
}
