//! How many independent draws chains are worth.

use crate::{
    Draws,
    draws::{equal, mean, variance},
    ranks::{normal_scores, quantile},
};

/// Bulk effective sample size: that of the draws' normal scores, for means and medians.
///
/// All draws where they are equal, as arviz has it. `None` if it cannot be told.
///
/// Source: Vehtari et al., Bayesian Analysis 2021, section 4.3, eq. 10 to 14.
pub fn bulk_ess(draws: &Draws) -> Option<f64> {
    effective(&normal_scores(&draws.split()))
}

/// Tail effective sample size: the smaller of those of the indicators of the 5 % and the 95 % quantile.
///
/// Source: Vehtari et al., Bayesian Analysis 2021, section 4.3.
pub fn tail_ess(draws: &Draws) -> Option<f64> {
    let of = |share: f64| {
        let bound = quantile(draws.chains(), share);
        let below =
            |chain: Vec<f64>| chain.into_iter().map(|value| f64::from(u8::from(value <= bound))).collect();
        effective(&draws.split().into_iter().map(below).collect::<Vec<_>>())
    };
    Some(of(0.05)?.min(of(0.95)?))
}

/// ```text
/// ESS = m n / tau,    tau = -1 + 2 sum_t (rho_2t + rho_2t+1),    rho_t = 1 - (W - mean_j c_t,j) / var+
/// ```
///
/// of m chains of n draws, c their autocovariances. The sum goes over pairs of lags while they are positive (Geyer's initial
/// positive sequence), each no greater than the one before (monotone); tau is at least 1/log10(m n).
fn effective(chains: &[Vec<f64>]) -> Option<f64> {
    let (m, n) = (chains.len(), chains[0].len());
    let total = (m * n) as f64;
    if equal(chains.iter().flatten()) {
        return Some(total);
    }
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let autocovariance = |lag: usize| {
        let of = |(chain, centre): (&Vec<f64>, &f64)| {
            let products = chain[lag..].iter().zip(chain).map(|(a, b)| (a - centre) * (b - centre));
            products.sum::<f64>() / n as f64
        };
        mean(&chains.iter().zip(&means).map(of).collect::<Vec<_>>())
    };
    let scale = (n as f64 - 1.0) / n as f64;
    let within = autocovariance(0) / scale;
    let pooled = within * scale + if m > 1 { variance(&means) } else { 0.0 };
    let rho = |lag: usize| 1.0 - (within - autocovariance(lag)) / pooled;

    let mut pairs = vec![(1.0, rho(1))];
    let mut lag = 2;
    while lag + 2 < n && pairs.last().is_some_and(|(even, odd)| even + odd > 0.0) {
        pairs.push((rho(lag), rho(lag + 1)));
        lag += 2;
    }
    // The one that ended the sequence counts by its even lag alone, if that or the pair is positive.
    let ending = pairs.pop().map_or(0.0, |(even, odd)| if even + odd >= 0.0 { even } else { even.max(0.0) });
    for i in 1..pairs.len() {
        let before = pairs[i - 1].0 + pairs[i - 1].1;
        if pairs[i].0 + pairs[i].1 > before {
            pairs[i] = (before / 2.0, before / 2.0);
        }
    }
    let sum: f64 = pairs.iter().map(|(even, odd)| even + odd).sum();
    let tau = (-1.0 + 2.0 * sum + ending).max(1.0 / total.log10());
    let size = total / tau;
    size.is_finite().then_some(size)
}
