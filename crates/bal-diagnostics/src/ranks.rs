//! Rank normalisation and quantiles.

use crate::draws::equal;
use statrs::distribution::{ContinuousCDF, Normal};

/// Each value's normal score among all chains' values together.
///
/// ```text
/// z = Phi^-1( (r - 3/8) / (N + 1/4) )
/// ```
///
/// with r the rank from 1 among all N values, the mean of their ranks for equal ones.
///
/// Source: Vehtari et al., Bayesian Analysis 2021, eq. 14.
pub(crate) fn normal_scores(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let normal = Normal::standard();
    let total = chains.iter().map(Vec::len).sum::<usize>() as f64;
    let score = |rank: f64| normal.inverse_cdf((rank - 0.375) / (total + 0.25));
    ranks(chains).into_iter().map(|chain| chain.into_iter().map(score).collect()).collect()
}

/// Ranks from 1 among all values; equal ones share the mean of theirs.
fn ranks(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut places: Vec<(usize, usize)> =
        chains.iter().enumerate().flat_map(|(c, chain)| (0..chain.len()).map(move |d| (c, d))).collect();
    places.sort_by(|&(a, i), &(b, j)| chains[a][i].total_cmp(&chains[b][j]));
    let mut ranks: Vec<Vec<f64>> = chains.iter().map(|chain| vec![0.0; chain.len()]).collect();
    let mut first = 0;
    // Groups of numbers that compare equal: -0 and 0 do.
    for group in places.chunk_by(|&(a, i), &(b, j)| equal([chains[a][i], chains[b][j]].iter())) {
        let mean = first as f64 + (group.len() + 1) as f64 * 0.5;
        for &(chain, draw) in group {
            ranks[chain][draw] = mean;
        }
        first += group.len();
    }
    ranks
}

/// The quantile of all values at `share` in `[0, 1]`, linear between neighbours (type 7 of Hyndman & Fan, The American
/// Statistician 1996).
pub(crate) fn quantile(chains: &[Vec<f64>], share: f64) -> f64 {
    let mut all: Vec<f64> = chains.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let place = share * (all.len() as f64 - 1.0);
    let below = all[place.floor() as usize];
    let above = all[place.ceil() as usize];
    below + (above - below) * (place - place.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        let chains = [vec![3.0, 1.0, 3.0], vec![2.0, 3.0, -0.0]];
        assert_eq!(ranks(&chains), [[5.0, 2.0, 5.0], [3.0, 5.0, 1.0]]);
        assert_eq!(ranks(&[vec![0.0, -0.0]]), [[1.5, 1.5]]);
    }

    #[test]
    fn scores_are_symmetric_and_quantiles_linear() {
        let scores = &normal_scores(&[vec![10.0, 20.0, 30.0]])[0];
        assert!(scores[1].abs() < 1e-12 && (scores[0] + scores[2]).abs() < 1e-12);
        assert!((quantile(&[vec![1.0, 2.0], vec![4.0, 3.0]], 0.5) - 2.5).abs() < 1e-12);
    }
}
