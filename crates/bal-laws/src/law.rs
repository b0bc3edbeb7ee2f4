//! Laws of linear recursions.

use tch::{Device, Kind, Tensor};

/// The matrix with these rows, in double precision.
pub fn matrix<const N: usize>(rows: &[[f64; N]]) -> Tensor {
    Tensor::from_slice(rows.as_flattened()).reshape([rows.len() as i64, N as i64])
}

/// The column `[d, 1]` with these entries.
pub fn column(entries: &[f64]) -> Tensor {
    Tensor::from_slice(entries).reshape([-1, 1])
}

/// The diagonal matrix with these entries.
pub fn diagonal(entries: &[f64]) -> Tensor {
    Tensor::from_slice(entries).diag(0)
}

/// A Gaussian law of d numbers.
#[derive(Debug)]
pub struct GaussianLaw {
    /// Mean, `[d, 1]`.
    pub mean: Tensor,
    /// Covariance, `[d, d]`.
    pub covariance: Tensor,
}

/// One step of a linear recursion with Gaussian noise.
///
/// ```text
/// x <- A x + b + N(0, Q)
/// ```
#[derive(Debug)]
pub struct LinearStep {
    /// A, `[d, d]`.
    pub matrix: Tensor,
    /// b, `[d, 1]`.
    pub shift: Tensor,
    /// Q, `[d, d]`.
    pub noise: Tensor,
}

impl LinearStep {
    /// A step of Langevin dynamics on the Gaussian energy `(x - m)' L (x - m) / 2`: `x <- x - e L (x - m) + sqrt(2 e T) n`.
    ///
    /// `curvature`: L, `[d, d]`; `mean`: m, `[d, 1]`.
    pub fn langevin(step_size: f64, temperature: f64, curvature: &Tensor, mean: &Tensor) -> Self {
        let identity = Tensor::eye(curvature.size()[0], (Kind::Double, Device::Cpu));
        let pull = curvature * step_size;
        Self {
            shift: pull.matmul(mean),
            matrix: &identity - pull,
            noise: identity * (2.0 * step_size * temperature),
        }
    }
}

impl GaussianLaw {
    /// The law of a point.
    pub fn point(at: &[f64]) -> Self {
        let d = at.len() as i64;
        Self { mean: column(at), covariance: Tensor::zeros([d, d], (Kind::Double, Device::Cpu)) }
    }

    /// The law after a step: `m' = A m + b`, `S' = A S A' + Q`.
    #[must_use]
    pub fn after(&self, step: &LinearStep) -> Self {
        let a = &step.matrix;
        Self {
            mean: a.matmul(&self.mean) + &step.shift,
            covariance: a.matmul(&self.covariance).matmul(&a.tr()) + &step.noise,
        }
    }

    /// The law after these steps, in turn.
    #[must_use]
    pub fn after_all(&self, steps: &[LinearStep]) -> Self {
        let start = Self { mean: self.mean.copy(), covariance: self.covariance.copy() };
        steps.iter().fold(start, |law, step| law.after(step))
    }

    /// The law that these steps, in turn, leave as it is: the solution of the discrete Lyapunov
    /// equation, found by taking the steps until nothing changes.
    ///
    /// # Panics
    /// When they run away, or have not come to rest after a million rounds.
    pub fn stationary(steps: &[LinearStep]) -> Self {
        let d = steps.first().map_or(0, |step| step.matrix.size()[0]);
        let mut law = Self::point(&vec![0.0; d as usize]);
        for _ in 0..1_000_000 {
            let next = law.after_all(steps);
            let change = (&next.covariance - &law.covariance).norm() + (&next.mean - &law.mean).norm();
            let size = next.covariance.norm() + next.mean.norm();
            law = next;
            if change.double_value(&[]) <= 1e-13 * size.double_value(&[]) {
                return law;
            }
        }
        panic!("these steps have no stationary law");
    }

    /// The variance of number `i`.
    pub fn variance(&self, i: i64) -> f64 {
        self.covariance.double_value(&[i, i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scalar_law_is_the_geometric_series() {
        let step = LinearStep { matrix: matrix(&[[0.8]]), shift: column(&[1.0]), noise: matrix(&[[0.5]]) };
        let law = GaussianLaw::stationary(&[step]);
        assert!((law.mean.double_value(&[0, 0]) - 1.0 / 0.2).abs() < 1e-10);
        assert!((law.variance(0) - 0.5 / (1.0 - 0.64)).abs() < 1e-10);
    }

    #[test]
    fn a_law_at_rest_satisfies_the_lyapunov_equation() {
        let step = LinearStep {
            matrix: matrix(&[[0.5, 0.3], [-0.2, 0.7]]),
            shift: column(&[0.0, 0.0]),
            noise: matrix(&[[1.0, 0.2], [0.2, 2.0]]),
        };
        let law = GaussianLaw::stationary(std::slice::from_ref(&step));
        assert!(law.after(&step).covariance.allclose(&law.covariance, 1e-11, 1e-11, false));
        assert!(law.covariance.allclose(&law.covariance.tr(), 1e-11, 1e-11, false));
    }
}
