//! Adam on images and flows.

use tch::Tensor;

const BETAS: [f64; 2] = [0.9, 0.999];
const FLOOR: f64 = 1e-8;

/// Moments of the gradients of some images, or of their flows, which forget nothing when others are left out.
///
/// ```text
/// m <- b1 m + (1 - b1) g,    v <- b2 v + (1 - b2) g^2
/// step  -step_size m / (1 - b1^k) / (sqrt(v / (1 - b2^k)) + 1e-8)
/// ```
///
/// Source: Kingma & Ba, ICLR 2015, algorithm 1, with its b1 = .9 and b2 = .999.
pub(crate) struct Adam {
    step_size: f64,
    steps: i32,
    mean: Tensor,
    square: Tensor,
}

impl Adam {
    pub(crate) fn new(like: &Tensor, step_size: f64) -> Self {
        Self { step_size, steps: 0, mean: like.zeros_like(), square: like.zeros_like() }
    }

    /// The step that follows this gradient.
    pub(crate) fn step(&mut self, gradient: &Tensor) -> Tensor {
        self.steps = self.steps.saturating_add(1);
        self.mean = &self.mean * BETAS[0] + gradient * (1.0 - BETAS[0]);
        self.square = &self.square * BETAS[1] + gradient.square() * (1.0 - BETAS[1]);
        let [mean, square] = BETAS.map(|beta| 1.0 - beta.powi(self.steps));
        &self.mean * (-self.step_size / mean) / ((&self.square / square).sqrt() + FLOOR)
    }

    /// The same state for some of the images; `rows`: `[k]`.
    pub(crate) fn only(&self, rows: &Tensor) -> Self {
        Self { mean: self.mean.index_select(0, rows), square: self.square.index_select(0, rows), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_step_size_and_the_second_is_that_of_the_definition() {
        let gradient = Tensor::from_slice(&[2.0f64, -0.5]).reshape([2, 1, 1, 1]);
        let mut adam = Adam::new(&gradient, 0.1);
        let first = Vec::<f64>::try_from(adam.step(&gradient).reshape([-1])).unwrap();
        assert!((first[0] + 0.1).abs() < 1e-8 && (first[1] - 0.1).abs() < 1e-8, "{first:?}");
        let mut adam = adam.only(&Tensor::from_slice(&[1i64]));
        let second = adam.step(&gradient.narrow(0, 0, 1)).double_value(&[0, 0, 0, 0]);
        let mean = (0.9 * 0.1 * -0.5 + 0.1 * 2.0) / (1.0 - 0.9 * 0.9);
        let square = (0.999 * 0.001 * 0.25 + 0.001 * 4.0) / (1.0f64 - 0.999 * 0.999);
        assert!((second + 0.1 * mean / (square.sqrt() + 1e-8)).abs() < 1e-12, "{second}");
    }
}
