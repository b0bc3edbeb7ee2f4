//! Effective sample sizes of the bulk and of the tails.

use crate::{
    Draws, Obstacle,
    draws::{mean, variance},
    quantile::quantile,
    ranks::normal_scores,
};

/// Effective sample size of the bulk: how many independent draws give the mean of the normal scores as well.
///
/// Of all chains together, split in half. Of constant draws it is their number. Not a number where
/// [`Obstacle::to_ess`] says why.
///
/// Source: Vehtari et al. 2021, section 4.
pub fn bulk_ess(draws: &Draws) -> f64 {
    if Obstacle::to_ess(draws).is_some() { f64::NAN } else { effective(&normal_scores(&draws.split())) }
}

/// Effective sample size of the tails: the smaller of those for the 5 % and for the 95 % quantile.
///
/// That of a quantile is that of the indicator of being at most the quantile. Not a number where
/// [`Obstacle::to_ess`] says why.
///
/// Source: Vehtari et al. 2021, section 4.
pub fn tail_ess(draws: &Draws) -> f64 {
    if Obstacle::to_ess(draws).is_some() {
        return f64::NAN;
    }
    let at = |probability| {
        let bound = quantile(draws.values().collect(), probability);
        effective(&draws.map(|value| f64::from(u8::from(value <= bound))).split())
    };
    at(0.05).min(at(0.95))
}

/// Values this near are equal: the decimal resolution of a double.
const RESOLUTION: f64 = 1e-15;

/// Effective sample size of m chains of n draws.
///
/// ```text
/// ESS = m n / τ,    τ = -1 + 2 sum_t P_t,    P_t = ρ_2t + ρ_2t+1,    ρ_t = 1 - (W - γ_t) / var+
/// ```
///
/// `γ_t`: autocovariance at lag t, mean over chains; `W`: mean of the chains' variances;
/// `var+ = (n-1)/n W + variance of their means`. The sum over pairs of lags stops by Geyer's initial positive
/// sequence and is made monotone; `τ` is at least `1 / log10(m n)`, as anti-correlated chains can be worth more
/// than their draws.
///
/// Source: Vehtari et al. 2021, section 3.2; Geyer, Statistical Science 1992, section 3.3.
fn effective(chains: &Draws) -> f64 {
    let total = chains.total() as f64;
    let (low, high) = chains
        .values()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if high - low < RESOLUTION {
        return total;
    }
    let n = chains.per_chain();
    let autocovariance = Autocovariance::of(chains);
    let within = autocovariance.at(0) * n as f64 / (n as f64 - 1.0);
    let between =
        if chains.chains().len() > 1 { variance(autocovariance.means.iter().copied()) } else { 0.0 };
    let pooled = within * (n as f64 - 1.0) / n as f64 + between;
    let rho = |lag: usize| 1.0 - (within - autocovariance.at(lag)) / pooled;

    // Sums over pairs of lags (0, 1), (2, 3), .. while they are positive. The even lag of the pair after the last
    // that counts is worth one more term, where it is positive.
    let (mut even, mut odd) = (1.0, rho(1));
    let mut kept = vec![(even, odd)];
    let mut lag = 1;
    while lag + 3 < n && even + odd > 0.0 {
        (even, odd) = (rho(lag + 1), rho(lag + 2));
        kept.push(if even + odd >= 0.0 { (even, odd) } else { (0.0, 0.0) });
        lag += 2;
    }
    let last = if even > 0.0 { even } else { kept[kept.len() - 1].0 };
    kept.pop();
    for pair in 1..kept.len() {
        let (sum, before) = (kept[pair].0 + kept[pair].1, kept[pair - 1].0 + kept[pair - 1].1);
        if sum > before {
            kept[pair] = (before / 2.0, before / 2.0);
        }
    }
    let tau = -1.0 + 2.0 * kept.iter().map(|(even, odd)| even + odd).sum::<f64>() + last;
    total / tau.max(1.0 / total.log10())
}

/// Autocovariances of chains, computed where they are asked for: few lags are needed of chains that mix.
struct Autocovariance<'a> {
    chains: &'a Draws,
    means: Vec<f64>,
}

impl<'a> Autocovariance<'a> {
    fn of(chains: &'a Draws) -> Self {
        Self { chains, means: chains.chains().iter().map(|chain| mean(chain.iter().copied())).collect() }
    }

    /// The mean over chains of `1/n sum_i (x_i - mean) (x_{i+lag} - mean)`.
    fn at(&self, lag: usize) -> f64 {
        let n = self.chains.per_chain() as f64;
        let of = |(chain, centre): (&Vec<f64>, &f64)| {
            chain[lag..].iter().zip(chain).map(|(a, b)| (a - centre) * (b - centre)).sum::<f64>() / n
        };
        mean(self.chains.chains().iter().zip(&self.means).map(of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_draws_count_in_full() {
        let draws = Draws::new(vec![vec![3.0; 10], vec![3.0; 10]]).unwrap();
        assert!((bulk_ess(&draws) - 20.0).abs() < 1e-12 && (tail_ess(&draws) - 20.0).abs() < 1e-12);
    }

    #[test]
    fn a_chain_that_alternates_is_worth_more_than_its_draws_up_to_the_bound() {
        let wave = (0..100).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 } + f64::from(i % 7) * 1e-3).collect();
        let ess = bulk_ess(&Draws::new(vec![wave]).unwrap());
        assert!((ess - 100.0 * 100.0_f64.log10()).abs() < 1e-9, "{ess}");
    }

    #[test]
    fn autocovariances_are_those_of_the_definition() {
        let draws = Draws::new(vec![vec![1.0, 2.0, 6.0], vec![0.0, 0.0, 3.0]]).unwrap();
        let found = Autocovariance::of(&draws);
        // Centred: (-2, -1, 3) and (-1, -1, 2).
        assert!((found.at(0) - 10.0 / 3.0).abs() < 1e-15);
        assert!((found.at(1) + 1.0 / 3.0).abs() < 1e-15);
        assert!((found.at(2) + 4.0 / 3.0).abs() < 1e-15);
    }
}
