//! Sample moments and how far they may be from a law's.

use crate::GaussianLaw;
use tch::{Kind, Tensor};

/// The sample mean and covariance of independent draws.
#[derive(Debug)]
pub struct Moments {
    draws: f64,
    mean: Tensor,
    covariance: Tensor,
}

impl Moments {
    /// Of `draws`, `[d, n]`: n independent draws of d numbers.
    pub fn of(draws: &Tensor) -> Self {
        let draws = draws.to_kind(Kind::Double);
        let n = draws.size()[1] as f64;
        let mean = draws.mean_dim(1, true, Kind::Double);
        let centred = draws - &mean;
        Self { draws: n, mean, covariance: centred.matmul(&centred.tr()) / (n - 1.0) }
    }

    /// The variance of number `i`.
    pub fn variance(&self, i: i64) -> f64 {
        self.covariance.double_value(&[i, i])
    }

    /// The largest distance from `law` of any mean, variance or covariance, in standard errors.
    ///
    /// The standard errors are exact for independent Gaussian draws: `S_ii / n` for the square of a
    /// mean's, `(S_ii S_jj + S_ij^2) / (n - 1)` for a covariance's.
    pub fn distance(&self, law: &GaussianLaw) -> f64 {
        let variances = law.covariance.diagonal(0, 0, 1).reshape([-1, 1]);
        let mean_error = (&variances / self.draws).sqrt();
        let products = variances.matmul(&variances.tr()) + law.covariance.square();
        let covariance_error = (products / (self.draws - 1.0)).sqrt();
        let mean = (&self.mean - &law.mean).abs() / mean_error;
        let covariance = (&self.covariance - &law.covariance).abs() / covariance_error;
        // LibTorch's maximum, unlike Rust's, does not pass over what is not a number.
        Tensor::cat(&[mean, covariance], 1).max().double_value(&[])
    }

    /// Asserts that the draws are from `law`.
    ///
    /// False alarms: 5 standard errors, so 1 in 1,700,000 for each number compared; the numbers that
    /// all tests of this crate compare are below 1,000, so 1 in 1,700 for one choice of all seeds.
    ///
    /// # Panics
    /// When any moment is 5 or more standard errors away.
    pub fn assert_law(&self, law: &GaussianLaw) {
        let distance = self.distance(law);
        assert!(distance < 5.0, "{distance:.1} standard errors from {law:#?}: {self:#?}");
    }

    /// Asserts that the draws tell `law` from their own, so that a test that passes meant something.
    ///
    /// # Panics
    /// When no moment is 20 or more standard errors away.
    pub fn assert_not_law(&self, law: &GaussianLaw) {
        let distance = self.distance(law);
        assert!(distance > 20.0, "only {distance:.1} standard errors from {law:#?}: {self:#?}");
    }
}
