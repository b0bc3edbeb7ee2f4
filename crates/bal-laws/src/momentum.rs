//! Recursions with momentum, as linear steps of twice as many numbers.

use crate::{GaussianLaw, LinearStep};
use tch::{Device, Kind, Tensor};

/// The step of (x, v), `[2d, 1]`.
///
/// ```text
/// v <- K v - P (x - m) + N(0, Q)
/// x <- x + v
/// ```
///
/// `kept`: K, `pull`: P, `noise`: Q, each `[d, d]`; `mean`: m, `[d, 1]`.
pub fn momentum_step(kept: &Tensor, pull: &Tensor, noise: &Tensor, mean: &Tensor) -> LinearStep {
    let identity = Tensor::eye(pull.size()[0], (Kind::Double, Device::Cpu));
    let row = |left: &Tensor, right: &Tensor| Tensor::cat(&[left, right], 1);
    let shift = pull.matmul(mean);
    let (moved, back) = (&identity - pull, -pull);
    let noise = row(noise, noise);
    LinearStep {
        matrix: Tensor::cat(&[row(&moved, kept), row(&back, kept)], 0),
        shift: Tensor::cat(&[&shift, &shift], 0),
        noise: Tensor::cat(&[&noise, &noise], 0),
    }
}

impl GaussianLaw {
    /// The law of x where this is one of (x, v).
    #[must_use]
    pub fn of_positions(&self) -> Self {
        let d = self.mean.size()[0] / 2;
        Self { mean: self.mean.narrow(0, 0, d), covariance: self.covariance.narrow(0, 0, d).narrow(1, 0, d) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{column, matrix};

    #[test]
    fn a_step_is_the_arithmetic_by_hand() {
        let scalar = |x: f64| matrix(&[[x]]);
        let step = momentum_step(&scalar(0.5), &scalar(0.25), &scalar(0.1), &column(&[4.0]));
        // From x = 2, v = 3: v = 1.5 - .25 (2 - 4) = 2, x = 4, both with the same noise.
        let law = GaussianLaw::point(&[2.0, 3.0]).after(&step);
        assert!(law.mean.allclose(&column(&[4.0, 2.0]), 1e-12, 1e-12, false));
        assert!(law.covariance.allclose(&matrix(&[[0.1, 0.1], [0.1, 0.1]]), 1e-12, 1e-12, false));
        assert!((law.of_positions().mean.double_value(&[0, 0]) - 4.0).abs() < 1e-12);
    }
}
