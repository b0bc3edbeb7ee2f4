//! The loss of regression.

use bal_core::{Batch, Forward, Objective};
use tch::{Kind, Tensor};

/// The squared error of what a [`Regressor`](bal_core::Role::Regressor) says, by the noise that it allows for: a zero-sum game.
///
/// ```text
/// l(z_i, y_i; w) = (y_i - f(z_i; w))^2 / (2 s^2) + log s
/// ```
///
/// Up to a constant the negative logarithm of `N(y_i; f, s^2)`. The adversary cannot change s, and so raises the square.
///
/// Source: Ye & Zhu, NeurIPS 2018, section 3 (square loss).
///
/// # Panics
/// On a batch whose [targets](bal_core::Targets) are classes.
#[derive(Clone, Copy, Debug)]
pub struct GaussianError;

/// `log sqrt(2 pi)`, by which the loss misses the negative log-density.
pub(crate) const LOG_ROOT_TWO_PI: f64 = 0.918_938_533_204_672_8;

impl Objective for GaussianError {
    fn deviation(&self, forward: &Forward, clean: &Batch) -> Tensor {
        let values = clean.targets.values().expect("a squared error is of rows that have values");
        let (value, log_sd) = (forward.logits.narrow(1, 0, 1), forward.logits.narrow(1, 1, 1));
        let z = (values - value) * (-&log_sd).exp();
        (z.square() * 0.5 + log_sd).squeeze_dim(1)
    }

    fn loss(&self, forward: &Forward, clean: &Batch) -> Tensor {
        self.deviation(forward, clean).sum(Kind::Float)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::Targets;

    #[test]
    fn it_is_the_negative_log_density_of_a_normal_law() {
        let logits = Tensor::from_slice(&[0.3_f32, 0.5, -1.0, -0.7]).reshape([2, 2]);
        let values = Tensor::from_slice(&[0.9_f32, -1.2]).reshape([2, 1]);
        let clean = Batch {
            x: Tensor::zeros([2, 1, 1, 1], (Kind::Float, tch::Device::Cpu)),
            targets: Targets::Values(values),
            indices: vec![0, 1],
        };
        let forward = Forward { logits, buffers: None };
        let found =
            Vec::<f64>::try_from(GaussianError.deviation(&forward, &clean).to_kind(Kind::Double)).unwrap();
        let expected = |y: f64, f: f64, log_sd: f64| {
            let sd = log_sd.exp();
            let density =
                (-(y - f).powi(2) / (2.0 * sd * sd)).exp() / (sd * (2.0 * std::f64::consts::PI).sqrt());
            -density.ln() - LOG_ROOT_TWO_PI
        };
        for (found, expected) in found.iter().zip([expected(0.9, 0.3, 0.5), expected(-1.2, -1.0, -0.7)]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        let total = GaussianError.loss(&forward, &clean).double_value(&[]);
        assert!((total - found.iter().sum::<f64>()).abs() < 1e-6);
    }
}
