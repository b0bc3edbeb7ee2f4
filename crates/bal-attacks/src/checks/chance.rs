//! What chance explains.

/// The probability below which a difference is not put down to chance.
///
/// Small, since there are several checks and a finding is an accusation.
pub(super) const LEVEL: f64 = 1e-3;

/// `P(Binomial(trials, p) >= successes)`, for `p` in `(0, 1)`.
pub(super) fn at_least(successes: usize, trials: usize, p: f64) -> f64 {
    let (odds, n) = ((p / (1.0 - p)).ln(), trials as f64);
    // Logarithms, since (1 - p)^n is below the least number for a whole test set.
    let mut log = n * (1.0 - p).ln();
    let mut sum = 0.0;
    for k in 0..=trials {
        if k >= successes {
            sum += log.exp();
        }
        log += ((n - k as f64) / (k as f64 + 1.0)).ln() + odds;
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_counted_by_hand() {
        for (successes, trials, p, expected) in [
            (0, 5, 0.5, 1.0),
            (5, 5, 0.5, 1.0 / 32.0),
            (4, 5, 0.5, 6.0 / 32.0),
            (2, 2, 0.1, 0.01),
            (0, 0, 0.5, 1.0),
        ] {
            let found = at_least(successes, trials, p);
            assert!((found - expected).abs() < 1e-12, "{successes} of {trials}: {found}");
        }
    }

    #[test]
    fn a_whole_test_set_neither_under_nor_overflows() {
        assert!((at_least(5001, 10_000, 0.5) - 0.496).abs() < 1e-3);
        assert!(at_least(1500, 10_000, 0.1) < 1e-9);
    }
}
