//! Plain split R-hat and effective sample size, without ranks: what records of runs hold.

/// Agreement of several chains on several scalar functions of their positions.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixing {
    /// Chains.
    pub chains: usize,
    /// Draws of each.
    pub draws: usize,
    /// Split R-hat of each function.
    pub r_hat: Vec<f64>,
    /// Effective sample size of each function, over all chains.
    pub effective_sample_size: Vec<f64>,
}

impl Mixing {
    /// Measures `traces[function][chain][draw]`.
    ///
    /// `None` without a function, with fewer than two chains or with fewer than four draws.
    pub fn measure(traces: &[Vec<Vec<f64>>]) -> Option<Self> {
        let first = traces.first()?;
        let (chains, draws) = (first.len(), first.first()?.len());
        if chains < 2 || draws < 4 {
            return None;
        }
        Some(Self {
            chains,
            draws,
            r_hat: traces.iter().map(|t| split_r_hat(t)).collect(),
            effective_sample_size: traces.iter().map(|t| effective_sample_size(t)).collect(),
        })
    }
}

/// Potential scale reduction of chains split in half.
///
/// ```text
/// R^ = sqrt( ((n-1)/n W + B/n) / W )
/// ```
///
/// `W`: mean of the half-chains' variances; `B/n`: variance of their means; n draws each. Near 1
/// when the chains agree. `chains[chain][draw]`, at least four draws each. Not a number when all
/// draws are equal, infinite when each half-chain stands still at a value of its own.
///
/// Source: Gelman et al., Bayesian Data Analysis, 3rd edition, eq. 11.3 to 11.4.
pub fn split_r_hat(chains: &[Vec<f64>]) -> f64 {
    let halves: Vec<&[f64]> = chains
        .iter()
        .flat_map(|c| {
            let half = c.len() / 2;
            [&c[..half], &c[c.len() - half..]]
        })
        .collect();
    let n = halves[0].len() as f64;
    let within = mean(&halves.iter().map(|h| variance(h)).collect::<Vec<_>>());
    let between = variance(&halves.iter().map(|h| mean(h)).collect::<Vec<_>>());
    (((n - 1.0) / n * within + between) / within).sqrt()
}

/// Effective sample size of several chains together.
///
/// ```text
/// ESS = m n / (1 + 2 sum_t rho_t),    rho_t = 1 - (W - mean_j s_j^2 rho_{t,j}) / var+
/// ```
///
/// The sum over lags stops by Geyer's initial positive sequence, made monotone. At most
/// `m n log10(m n)`, as anti-correlated chains can be worth more than their draws.
///
/// Source: Gelman et al., Bayesian Data Analysis, 3rd edition, eq. 11.7 to 11.8; Geyer, Statistical
/// Science 1992, section 3.3.
pub fn effective_sample_size(chains: &[Vec<f64>]) -> f64 {
    let (m, n) = (chains.len(), chains[0].len());
    let total = (m * n) as f64;
    let means: Vec<f64> = chains.iter().map(|c| mean(c)).collect();
    let within = mean(&chains.iter().map(|c| variance(c)).collect::<Vec<_>>());
    let scale = (n as f64 - 1.0) / n as f64;
    let pooled = within * scale + if m > 1 { variance(&means) } else { 0.0 };
    let autocovariance = |lag: usize| {
        let of = |(c, mu): (&Vec<f64>, &f64)| {
            c[lag..].iter().zip(c).map(|(a, b)| (a - mu) * (b - mu)).sum::<f64>() / n as f64
        };
        mean(&chains.iter().zip(&means).map(of).collect::<Vec<_>>())
    };
    let rho = |lag: usize| 1.0 - (within * scale - autocovariance(lag)) / pooled;
    // Pairs of neighbouring lags have a positive, falling sum in theory; noise sets in where not.
    let mut sum = 0.0;
    let mut previous = f64::INFINITY;
    for lag in (0..n.saturating_sub(1)).step_by(2) {
        let pair = if lag == 0 { 1.0 } else { rho(lag) } + rho(lag + 1);
        if pair.is_nan() || pair <= 0.0 {
            break;
        }
        previous = previous.min(pair);
        sum += previous;
    }
    let time = 2.0 * sum - 1.0;
    // Of draws that alternate, the pairs before noise sets in may add up to less than 1/2: they are worth the most there is.
    let size = if sum > 0.0 && time <= 0.0 { f64::INFINITY } else { total / time };
    size.clamp(1.0, (total * total.log10()).max(1.0))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Unbiased; exactly 0 of several equal values, whose mean may be rounded to another number than theirs.
#[expect(clippy::float_cmp, reason = "values that differ in the last bit vary")]
fn variance(values: &[f64]) -> f64 {
    let constant = values.iter().all(|&v| v == values[0]);
    let mu = if constant { values[0] } else { mean(values) };
    values.iter().map(|v| (v - mu).powi(2)).sum::<f64>() / (values.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_hat_of_a_small_case_worked_by_hand() {
        // Halves (0,1) (1,0) (4,5) (5,4): W = 1/2, means .5 .5 4.5 4.5, variance of means 16/3.
        let chains = [vec![0.0, 1.0, 1.0, 0.0], vec![4.0, 5.0, 5.0, 4.0]];
        let expected = ((0.5 * 0.5 + 16.0 / 3.0) / 0.5_f64).sqrt();
        assert!((split_r_hat(&chains) - expected).abs() < 1e-12);
    }

    /// The middle of five is left out: halves (0,1) (5,4) and (4,5) (1,0), W = 1/2, means .5 4.5 4.5 .5.
    #[test]
    fn of_an_odd_number_of_draws_the_middle_is_in_neither_half() {
        let chains = [vec![0.0, 1.0, 9.0, 5.0, 4.0], vec![4.0, 5.0, -9.0, 1.0, 0.0]];
        let expected = ((0.5 * 0.5 + 16.0 / 3.0) / 0.5_f64).sqrt();
        assert!((split_r_hat(&chains) - expected).abs() < 1e-12);
    }

    /// In fractions: pairs of lags are worth 931, 247 and 251 of 1504, of which the last is made 247, and the fourth is negative.
    #[test]
    fn the_effective_size_of_a_small_case_worked_in_fractions() {
        let chains =
            [vec![0.0, 2.0, 3.0, 3.0, 3.0, 1.0, 4.0, 2.0], vec![1.0, 2.0, 2.0, 1.0, 4.0, 0.0, 3.0, 2.0]];
        let expected = 16.0 / (2.0 * (931.0 + 247.0 + 247.0) / 1504.0 - 1.0);
        assert!((effective_sample_size(&chains) - expected).abs() < 1e-12);
    }

    /// Pairs of lags are worth 295, 283, 291 and 287 of 152 where the means are 3 apart, none more than the one before. Where they
    /// are the same the first is worth 7/8 and the second is negative: 16 / (3/4) draws are cut at 16 log10(16).
    #[test]
    fn chains_apart_are_worth_few_draws_and_none_are_worth_more_than_the_bound() {
        let one = vec![0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
        let other: Vec<f64> = one.iter().map(|draw| draw + 3.0).collect();
        let apart = effective_sample_size(&[one.clone(), other]);
        assert!((apart - 16.0 / (2.0 * (295.0 + 3.0 * 283.0) / 152.0 - 1.0)).abs() < 1e-12, "{apart}");
        let together = effective_sample_size(&[one.clone(), one]);
        assert!((together - 16.0 * 16.0_f64.log10()).abs() < 1e-12, "{together}");
    }

    /// The first pair of lags is worth 3/8, the second less than nothing: the time between independent draws comes out as -1/4.
    #[test]
    fn draws_that_alternate_are_worth_the_most_and_draws_that_stand_still_one() {
        let chains =
            [vec![0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0], vec![0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]];
        let size = effective_sample_size(&chains);
        assert!((size - 16.0 * 16.0_f64.log10()).abs() < 1e-12, "{size}");
        assert!((effective_sample_size(&[vec![0.5; 8], vec![0.5; 8]]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn chains_that_stand_still_apart_are_infinitely_apart() {
        // Seventy tenths add up to a little less than seven.
        let apart = |draws: usize| split_r_hat(&[vec![0.1; draws], vec![0.3; draws], vec![0.7; draws]]);
        assert!(apart(8).is_infinite() && apart(140).is_infinite());
        assert!(split_r_hat(&[vec![0.1; 140], vec![0.1; 140]]).is_nan());
    }

    #[test]
    fn too_few_draws_or_chains_measure_nothing() {
        assert_eq!(Mixing::measure(&[vec![vec![1.0, 2.0, 3.0, 4.0]]]), None);
        assert_eq!(Mixing::measure(&[vec![vec![1.0; 3], vec![2.0; 3]]]), None);
        assert_eq!(Mixing::measure(&[]), None);
    }
}
