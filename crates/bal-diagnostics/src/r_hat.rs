//! The potential scale reduction of ranks.

use crate::{
    Draws,
    draws::{mean, variance},
    ranks::{normal_scores, quantile},
};

/// Rank-normalised split R-hat: the greater of that of the draws and that of their distances from the median, so that
/// chains of different places and of different spreads are both seen. 1 where chains agree.
///
/// ```text
/// R^ = sqrt( ((n - 1)/n W + B/n) / W )
/// ```
///
/// of normal scores ([rank normalisation](crate), eq. 14) of the halves of chains, n draws each: W is the mean of their
/// variances, B/n the variance of their means. `None` where all draws are equal, or so many that a score has no variance.
///
/// Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner, Bayesian Analysis 2021, eq. 4 and section 4.2.
pub fn r_hat(draws: &Draws) -> Option<f64> {
    let split = draws.split();
    let median = quantile(&split, 0.5);
    let folded: Vec<Vec<f64>> =
        split.iter().map(|chain| chain.iter().map(|value| (value - median).abs()).collect()).collect();
    let [bulk, tail] = [&split, &folded].map(|chains| scale_reduction(&normal_scores(chains)));
    let greater = bulk.max(tail);
    (bulk.is_finite() && tail.is_finite() && greater.is_finite()).then_some(greater)
}

fn scale_reduction(chains: &[Vec<f64>]) -> f64 {
    let n = chains[0].len() as f64;
    let within = mean(&chains.iter().map(|chain| variance(chain)).collect::<Vec<_>>());
    let between = variance(&chains.iter().map(|chain| mean(chain)).collect::<Vec<_>>());
    (((n - 1.0) / n * within + between) / within).sqrt()
}
