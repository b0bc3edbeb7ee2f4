//! R-hat, on ranks.

use crate::{
    Draws, Obstacle,
    draws::{mean, variance},
    ranks::{folded, normal_scores},
};

/// Rank-normalised split R-hat: the larger of that of the values (bulk) and of their distances from the median (tail).
///
/// ```text
/// R^ = sqrt( (B/W + n - 1) / n )
/// ```
///
/// of normal scores of chains split in half, n draws each; `W`: mean of the half-chains' variances, `B/n`: variance of
/// their means. Near 1, at least about that, when the chains agree in place and in spread.
///
/// Infinite for chains that stand still at different values. Not a number where [`Obstacle::to_r_hat`] says why.
///
/// Source: Vehtari et al. 2021, section 4.
pub fn r_hat(draws: &Draws) -> f64 {
    if Obstacle::to_r_hat(draws).is_some() {
        return f64::NAN;
    }
    let halves = draws.split();
    // The folded values of a symmetric law of two values are all equal; `max` then takes the other.
    plain(&normal_scores(&halves)).max(plain(&normal_scores(&folded(&halves))))
}

fn plain(chains: &Draws) -> f64 {
    let n = chains.per_chain() as f64;
    let of = |chain: &Vec<f64>| (mean(chain.iter().copied()), variance(chain.iter().copied()));
    let (means, variances): (Vec<f64>, Vec<f64>) = chains.chains().iter().map(of).unzip();
    let between = n * variance(means.into_iter());
    let within = mean(variances.into_iter());
    ((between / within + n - 1.0) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_hat_of_a_small_case_worked_by_hand() {
        // Halves (0,1) (1,0) (4,5) (5,4): in place W = 1/2, B = 2 * 16/3.
        let draws = Draws::new(vec![vec![0.0, 1.0, 1.0, 0.0], vec![4.0, 5.0, 5.0, 4.0]]).unwrap();
        let expected = (67.0_f64 / 6.0).sqrt();
        assert!((plain(&draws.split()) - expected).abs() < 1e-12);
    }

    #[test]
    fn chains_that_stand_still_apart_are_infinitely_apart() {
        // Ranks of three chains and odd lengths have means that rounding moves off the common value.
        for (chains, draws) in [(2, 8), (3, 8), (3, 47), (7, 11), (10, 301)] {
            let chains = (0..chains).map(|chain| vec![f64::from(chain) * 0.1; draws]).collect();
            let r_hat = r_hat(&Draws::new(chains).unwrap());
            assert!(r_hat.is_infinite() && r_hat > 0.0);
        }
    }

    #[test]
    fn chains_that_differ_in_spread_alone_are_told_apart_by_the_fold() {
        // Fixed steps through the unit interval, equally spread in both halves.
        let steps = |scale: f64| (0..400).map(|i| scale * ((f64::from(i) * 0.618_034) % 1.0 - 0.5)).collect();
        let draws = Draws::new(vec![steps(1.0), steps(10.0)]).unwrap();
        assert!(plain(&normal_scores(&draws.split())) < 1.01);
        assert!(r_hat(&draws) > 1.2);
    }
}
