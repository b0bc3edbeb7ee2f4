//! A mixture of normal laws: what several networks say of a value together.

use statrs::distribution::{Continuous, ContinuousCDF, Normal};

/// Equally likely normal laws, such as those that the members of a posterior predict for a row.
///
/// ```text
/// p(y) = 1/S sum_s N(y; m_s, v_s^2)
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct NormalMixture {
    laws: Vec<(f64, f64)>,
}

impl NormalMixture {
    /// The mixture of laws of these means and standard deviations; `None` without one, and where a number is not finite or a
    /// deviation not above 0.
    pub fn new(laws: Vec<(f64, f64)>) -> Option<Self> {
        let good = |&(mean, sd): &(f64, f64)| mean.is_finite() && sd.is_finite() && sd > 0.0;
        (!laws.is_empty() && laws.iter().all(good)).then_some(Self { laws })
    }

    fn average(&self, of: impl Fn(f64, f64) -> f64) -> f64 {
        self.laws.iter().map(|&(mean, sd)| of(mean, sd)).sum::<f64>() / self.laws.len() as f64
    }

    /// The mean, `1/S sum_s m_s`.
    pub fn mean(&self) -> f64 {
        self.average(|mean, _| mean)
    }

    /// The part of the standard deviation that every law has: the root of the mean of `v_s^2`. It does not go away with more
    /// data.
    pub fn sd_of_noise(&self) -> f64 {
        self.average(|_, sd| sd * sd).sqrt()
    }

    /// The part in which the laws disagree: the standard deviation of their means.
    pub fn sd_of_means(&self) -> f64 {
        let centre = self.mean();
        self.average(|mean, _| (mean - centre).powi(2)).sqrt()
    }

    /// The standard deviation: the root of both parts' squares.
    pub fn sd(&self) -> f64 {
        self.sd_of_noise().hypot(self.sd_of_means())
    }

    /// The logarithm of the density at `y`.
    pub fn log_density(&self, y: f64) -> f64 {
        let logs: Vec<f64> = self.laws.iter().map(|&(mean, sd)| normal(mean, sd).ln_pdf(y)).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most == f64::NEG_INFINITY {
            return most;
        }
        most + (logs.iter().map(|log| (log - most).exp()).sum::<f64>() / logs.len() as f64).ln()
    }

    /// The probability of values up to `y`.
    pub fn cdf(&self, y: f64) -> f64 {
        self.average(|mean, sd| normal(mean, sd).cdf(y))
    }

    /// The value below which a share `p` in (0, 1) lies, to a relative precision of 1e-12 of the law's width.
    pub fn quantile(&self, p: f64) -> f64 {
        // The mixture's quantile lies between the least and the greatest of its laws'.
        let all = || self.laws.iter().map(|&(mean, sd)| normal(mean, sd).inverse_cdf(p));
        let (mut low, mut high) =
            (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        let enough = 1e-12 * self.sd();
        while high - low > enough {
            let middle = low.midpoint(high);
            if middle <= low || middle >= high {
                break;
            }
            if self.cdf(middle) < p { low = middle } else { high = middle }
        }
        low.midpoint(high)
    }

    /// The central interval that holds a share in (0, 1), such as .95.
    pub fn interval(&self, share: f64) -> (f64, f64) {
        let outside = (1.0 - share) / 2.0;
        (self.quantile(outside), self.quantile(1.0 - outside))
    }
}

fn normal(mean: f64, sd: f64) -> Normal {
    Normal::new(mean, sd).expect("checked when the mixture was made")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_law_is_a_normal_law() {
        let law = NormalMixture::new(vec![(2.0, 3.0)]).unwrap();
        assert_eq!((law.mean(), law.sd_of_noise(), law.sd_of_means(), law.sd()), (2.0, 3.0, 0.0, 3.0));
        assert!(
            (law.log_density(5.0) - (-0.5 - (3.0 * (2.0 * std::f64::consts::PI).sqrt()).ln())).abs() < 1e-12
        );
        let (low, high) = law.interval(0.95);
        // 1.959964 standard deviations.
        assert!(
            (low - (2.0 - 3.0 * 1.959_963_985)).abs() < 1e-7 && (high + low - 4.0).abs() < 1e-9,
            "{low} {high}"
        );
    }

    #[test]
    fn the_variance_of_a_mixture_has_two_parts() {
        let law = NormalMixture::new(vec![(-1.0, 0.5), (1.0, 1.5)]).unwrap();
        assert_eq!((law.mean(), law.sd_of_means()), (0.0, 1.0));
        assert!((law.sd_of_noise().powi(2) - 1.25).abs() < 1e-12 && (law.sd().powi(2) - 2.25).abs() < 1e-12);
        // By quadrature over the density.
        let step = 1e-3;
        let moments = (-12_000..=12_000).map(|i| f64::from(i) * step).map(|y| {
            let density = law.log_density(y).exp() * step;
            [density, density * y, density * y * y]
        });
        let [total, first, second] = moments.fold([0.0; 3], |sum, m| [0, 1, 2].map(|i| sum[i] + m[i]));
        assert!((total - 1.0).abs() < 1e-9 && first.abs() < 1e-9 && (second - 2.25).abs() < 1e-6);
        for share in [0.5, 0.95] {
            let (low, high) = law.interval(share);
            assert!((law.cdf(high) - law.cdf(low) - share).abs() < 1e-9);
            assert!((law.cdf(low) - (1.0 - share) / 2.0).abs() < 1e-9);
        }
    }

    #[test]
    fn far_away_the_density_is_small_and_not_lost() {
        let law = NormalMixture::new(vec![(0.0, 1.0), (0.0, 1.0)]).unwrap();
        assert!((law.log_density(60.0) + 1800.0 + 0.918_938_533).abs() < 1e-6);
    }

    #[test]
    fn laws_that_cannot_be_are_none() {
        for laws in [vec![], vec![(0.0, 0.0)], vec![(f64::NAN, 1.0)], vec![(0.0, 1.0), (1.0, f64::INFINITY)]]
        {
            assert_eq!(NormalMixture::new(laws), None);
        }
    }
}
