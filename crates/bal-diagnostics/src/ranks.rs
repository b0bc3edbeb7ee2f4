//! Values replaced by the normal scores of their ranks.

use crate::Draws;
use statrs::distribution::{ContinuousCDF, Normal};

/// Draws with each value replaced by the normal score of its rank r among all S values of all chains.
///
/// ```text
/// z = Φ⁻¹( (r - 3/8) / (S + 1/4) )
/// ```
///
/// Equal values share the mean of their ranks. What is left of a law is then its order alone: measures of it exist
/// though the law has no mean or variance. Values must not be NaN.
///
/// Source: Vehtari et al. 2021, eq. 14; Blom 1958.
pub(crate) fn normal_scores(draws: &Draws) -> Draws {
    let values: Vec<f64> = draws.values().collect();
    let normal = Normal::standard();
    let size = values.len() as f64;
    let scores: Vec<f64> = average_ranks(&values)
        .into_iter()
        .map(|rank| normal.inverse_cdf((rank - 0.375) / (size - 2.0 * 0.375 + 1.0)))
        .collect();
    draws.with(&scores)
}

/// Draws by their distance from the median of all: how far out a chain goes, whichever way.
///
/// Source: Vehtari et al. 2021, eq. 15.
pub(crate) fn folded(draws: &Draws) -> Draws {
    let median = median(draws.values().collect());
    draws.map(|value| (value - median).abs())
}

/// Ranks from 1; equal values get the mean of the ranks that they take.
#[expect(clippy::float_cmp, reason = "ties are of values that are the same, to which both zeros belong")]
fn average_ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = below as f64 + f64::midpoint(equal.len() as f64, 1.0);
        for &index in equal {
            ranks[index] = rank;
        }
        below += equal.len();
    }
    ranks
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(average_ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(average_ranks(&[0.0, -0.0]), [1.5, 1.5]);
    }

    #[test]
    fn scores_are_odd_about_the_middle_rank_and_keep_the_order() {
        let draws = Draws::new(vec![vec![1e300, -5.0], vec![0.0, 7.0]]).unwrap();
        let scores: Vec<f64> = normal_scores(&draws).values().collect();
        assert!((scores[0] + scores[1]).abs() < 1e-14 && (scores[2] + scores[3]).abs() < 1e-14);
        assert!(scores[1] < scores[2] && scores[2] < scores[3] && scores[3] < scores[0]);
        // The quantile of (4 - 3/8) / 4.25, from tables.
        assert!((scores[0] - 1.049_131_397_963_971).abs() < 1e-9, "{}", scores[0]);
    }

    #[test]
    fn folding_is_about_the_median() {
        let draws = Draws::new(vec![vec![1.0, 2.0], vec![4.0, 9.0]]).unwrap();
        assert_eq!(folded(&draws).chains(), [[2.0, 1.0], [1.0, 6.0]]);
    }
}
