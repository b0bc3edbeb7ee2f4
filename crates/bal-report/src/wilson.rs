//! Wilson's score interval of an accuracy.

use serde::{Deserialize, Serialize};

/// The 0.975 quantile of the standard normal law.
pub(crate) const Z: f64 = 1.959_963_984_540_054;

/// An interval of accuracies, `0 <= low <= high <= 1`, or of differences of accuracies, `-1 <= low <= high <= 1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Whether the value lies in it, ends included.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// Wilson's 95 % interval for the success rate behind `successes` of `trials`.
///
/// ```text
/// (p + z^2/2n ± z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n),    p = successes/n, n = trials, z = 1.96
/// ```
///
/// It stays in [0, 1] and has a width at p = 0 and p = 1 too, where the normal interval has none.
/// It covers the sampling of test images, not that of training seeds.
/// Without trials nothing is known: [0, 1]. More successes than trials count as all.
///
/// Source: Wilson, Journal of the American Statistical Association 22, 1927;
/// Agresti & Coull, The American Statistician 52, 1998.
pub fn wilson_95(successes: u64, trials: u64) -> Interval {
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let n = trials as f64;
    let p = successes.min(trials) as f64 / n;
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // At p = 0 and p = 1 an end is exactly 0 or 1 but for rounding.
    Interval { low: ((centre - half) / scale).clamp(0.0, p), high: ((centre + half) / scale).clamp(p, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(interval: Interval, low: f64, high: f64) {
        assert!(
            (interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5,
            "{interval:?} is not [{low}, {high}]"
        );
    }

    /// 81 of 263, 15 of 148, 0 of 20 and 1 of 29 are the examples of Newcombe,
    /// Statistics in Medicine 17, 1998, table I, method 3.
    #[test]
    fn agrees_with_published_values() {
        assert_close(wilson_95(8, 10), 0.4902, 0.9433);
        assert_close(wilson_95(81, 263), 0.2553, 0.3662);
        assert_close(wilson_95(15, 148), 0.0624, 0.1605);
        assert_close(wilson_95(0, 20), 0.0, 0.1611);
        assert_close(wilson_95(1, 29), 0.0061, 0.1718);
    }

    #[test]
    fn is_symmetric_in_success_and_failure_and_holds_the_rate() {
        for trials in [1_u64, 7, 100, 10_000] {
            for successes in [0, trials / 3, trials / 2, trials] {
                let one = wilson_95(successes, trials);
                let other = wilson_95(trials - successes, trials);
                assert!((one.low - (1.0 - other.high)).abs() < 1e-12);
                assert!(one.contains(successes as f64 / trials as f64));
                assert!(0.0 <= one.low && one.low < one.high && one.high <= 1.0);
            }
        }
    }

    #[test]
    fn knows_nothing_without_trials() {
        assert_close(wilson_95(0, 0), 0.0, 1.0);
    }

    /// Of 21 trials without success the lower end is -1.2e-17 before it is cut off.
    #[test]
    fn rounding_leads_to_no_end_beyond_0_and_1() {
        for trials in 1..200 {
            assert_eq!(wilson_95(0, trials).low.to_bits(), 0.0_f64.to_bits(), "{trials}");
            assert_eq!(wilson_95(trials, trials).high.to_bits(), 1.0_f64.to_bits(), "{trials}");
        }
    }

    #[test]
    fn more_successes_than_trials_count_as_all() {
        assert_eq!(wilson_95(12, 10), wilson_95(10, 10));
    }
}
