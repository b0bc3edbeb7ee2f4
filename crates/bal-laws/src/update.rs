//! What all samplers do in a step while their preconditioner stays as it is.

use crate::{LinearStep, diagonal, momentum_step};
use tch::Tensor;

/// A step against the gradient g, the same for every coordinate.
///
/// ```text
/// v <- k v - p g + N(0, s)
/// x <- x + v
/// ```
///
/// Without momentum k is 0.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// k, the share of the momentum that a step keeps.
    pub kept: f64,
    /// p, what the gradient is multiplied by.
    pub pull: f64,
    /// s, the variance of the noise that is injected.
    pub noise: f64,
}

impl Update {
    /// At temperature T, `s = 2 T (1 - k) p`: what exact gradients ask for.
    pub fn at(temperature: f64, pull: f64, kept: f64) -> Self {
        Self { kept, pull, noise: 2.0 * temperature * (1.0 - kept) * pull }
    }

    /// The recursion of (x, v) on the Gaussian energy `(x - m)' L (x - m) / 2`, with gradients that bring independent noise
    /// of these `variances`: it is multiplied by p like the rest of the gradient, so its variance by `p^2`.
    ///
    /// `curvature`: L, `[d, d]`; `mean`: m, `[d, 1]`; `variances`: `[d]`.
    pub fn step(&self, curvature: &Tensor, mean: &Tensor, variances: &[f64]) -> LinearStep {
        let noise: Vec<f64> = variances.iter().map(|s| self.noise + self.pull.powi(2) * s).collect();
        let kept = diagonal(&vec![self.kept; variances.len()]);
        momentum_step(&kept, &(curvature * self.pull), &diagonal(&noise), mean)
    }

    /// The stationary variance of x on a scalar Gaussian of curvature L, gradients bringing noise of variance `brought`.
    ///
    /// Let `c = p L`, `a = 1 - k`, and Q all the noise of a step. The recursion leaves `X = E x^2`, `Y = E x v`,
    /// `Z = E v^2` as they are when, each from the squares and products of the new x and v,
    ///
    /// ```text
    /// Z = k^2 Z - 2 k c Y + c^2 X + Q,    X = X + 2 (k Y - c X) + Z,    Y = k Y - c X + Z
    /// ```
    ///
    /// From the last two `Y = Z / 2`, so `Z = 2 c X / (2 - a)`, and the first gives
    ///
    /// ```text
    /// X = Q / (2 a c (1 - c / (2 (2 - a))))
    /// ```
    pub fn variance(&self, curvature: f64, brought: f64) -> f64 {
        let (lost, c) = (1.0 - self.kept, self.pull * curvature);
        (self.noise + self.pull.powi(2) * brought) / (2.0 * lost * c * (1.0 - c / (2.0 * (2.0 - lost))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GaussianLaw, column, matrix};

    #[test]
    fn the_variance_on_a_scalar_gaussian_is_that_of_the_lyapunov_equation() {
        for (kept, curvature, brought) in
            [(0.0, 2.5, 0.0), (0.0, 0.4, 3.0), (0.7, 2.5, 5.0), (0.95, 1.0, 0.0)]
        {
            let update = Update::at(0.3, 0.2, kept);
            let step = update.step(&matrix(&[[curvature]]), &column(&[1.5]), &[brought]);
            let law = GaussianLaw::stationary(&[step]);
            assert!((law.variance(0) / update.variance(curvature, brought) - 1.0).abs() < 1e-9, "{update:?}");
        }
    }

    #[test]
    fn short_steps_on_exact_gradients_have_the_variance_of_their_temperature() {
        for kept in [0.0, 0.5] {
            assert!((Update::at(0.3, 1e-6, kept).variance(2.0, 0.0) - 0.15).abs() < 1e-6);
        }
    }
}
