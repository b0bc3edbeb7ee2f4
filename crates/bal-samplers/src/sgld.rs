//! Stochastic gradient Langevin dynamics.

use crate::{SamplerError, StepSize, error::require_non_negative};
use bal_core::{Diverged, Kernel, NoiseStream, Position, State, Unstable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stochastic gradient Langevin dynamics.
///
/// ```text
/// x <- x - e grad U(x) + sqrt(2 e T) n,    n ~ N(0, I)
/// ```
///
/// Leaves `exp(-U(x) / T)` invariant as e -> 0. On a Gaussian of curvature L the chain itself has
/// variance `T / (L (1 - e L / 2))`. `T = 0` is gradient descent, and draws no noise.
///
/// Positions of any shape. It has no memory besides the position.
///
/// Source: Welling & Teh, ICML 2011, eq. 4; our e is half of theirs. Ye & Zhu, NeurIPS 2018, eq. 8,
/// with the temperature spelt out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgld {
    step_size: StepSize,
    temperature: f64,
}

/// The settings of [`Sgld`] as experiment files spell them.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgldSettings {
    /// Step size e, in units of position squared over energy: a number, or `{ first, ratio }`; finite and > 0.
    pub step_size: StepSize,
    /// Temperature T, in units of the energy that the chain sees; finite and >= 0.
    pub temperature: f64,
}

impl Sgld {
    /// `step_size`: e, position squared per energy. `temperature`: T, in units of the energy that
    /// the kernel sees, finite and >= 0.
    ///
    /// # Errors
    /// [`SamplerError::OutOfRange`] naming the setting that is.
    pub fn new(step_size: StepSize, temperature: f64) -> Result<Self, SamplerError> {
        step_size.check()?;
        require_non_negative("temperature", temperature)?;
        Ok(Self { step_size, temperature })
    }

    /// The step sizes.
    pub fn step_size(&self) -> StepSize {
        self.step_size
    }

    /// The temperature.
    pub fn temperature(&self) -> f64 {
        self.temperature
    }
}

impl Kernel for Sgld {
    fn slots(&self) -> &'static [&'static str] {
        &[]
    }

    fn start(&self, position: Position) -> State {
        State::new(position, Vec::new())
    }

    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged> {
        let step_size = self.step_size.after(state.step);
        let scale = (2.0 * step_size * self.temperature).sqrt();
        for (x, g) in state.position.tensors_mut().iter_mut().zip(gradient.tensors()) {
            let mut change = g * -step_size;
            if self.temperature > 0.0 {
                let mut n = noise.normal_like(x);
                n *= scale;
                change += n;
            }
            *x += change;
        }
        state.advance()
    }

    /// A step multiplies the distance to the minimum by `1 - e L`, which has to lie in `(-1, 1)`: the largest step size
    /// times `curvature` must be below 2.
    fn check_stable(&self, curvature: f64) -> Result<(), Unstable> {
        Unstable::check(self.step_size.largest(), curvature, 2.0)
    }

    /// Step k multiplies the distance by `1 - e_k L`. The first has none to multiply, so the product over the others must
    /// not exceed 1 in size. Step sizes that shrink may thus begin beyond the limit of [`Kernel::check_stable`]; for a
    /// constant one both are the same, but for chains of one step.
    fn check_contracts(&self, curvature: f64, steps: u64) -> Result<(), Unstable> {
        let factor: f64 =
            (1..steps).map(|done| (1.0 - self.step_size.after(done) * curvature).abs()).product();
        if curvature >= 0.0 && factor <= 1.0 { Ok(()) } else { self.check_stable(curvature) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, Purpose};
    use tch::Tensor;

    fn stream(chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
    }

    fn vector(values: &[f64]) -> Position {
        Position::new(vec![Tensor::from_slice(values)])
    }

    fn values(position: &Position) -> Vec<f64> {
        Vec::try_from(position.first()).unwrap()
    }

    /// Steps of a kernel from (1, -2) against the gradient (4, 8), which stays.
    fn walk(kernel: &Sgld, steps: usize, noise: &mut NoiseStream) -> Vec<f64> {
        let mut state = kernel.start(vector(&[1.0, -2.0]));
        for _ in 0..steps {
            kernel.step(&mut state, &vector(&[4.0, 8.0]), noise).unwrap();
        }
        assert_eq!(state.step, steps as u64);
        values(&state.position)
    }

    #[test]
    fn at_temperature_zero_it_is_gradient_descent_and_draws_nothing() {
        let mut noise = stream(0);
        let descent = Sgld::new(StepSize::Constant(0.25), 0.0).unwrap();
        assert_eq!(walk(&descent, 1, &mut noise), [0.0, -4.0]);
        assert_eq!(walk(&descent, 2, &mut noise), [-1.0, -6.0]);
        let probe = Tensor::from_slice(&[0f64; 4]);
        assert_eq!(noise.normal_like(&probe), stream(0).normal_like(&probe));
    }

    #[test]
    fn geometric_steps_shrink_over_the_chains_life() {
        let decaying = Sgld::new(StepSize::Geometric { first: 0.25, ratio: 0.5 }, 0.0).unwrap();
        // .25 + .125 + .0625 = .4375
        assert_eq!(walk(&decaying, 3, &mut stream(0)), [1.0 - 4.0 * 0.4375, -2.0 - 8.0 * 0.4375]);
    }

    #[test]
    fn zero_gradient_moves_nothing_at_temperature_zero_and_only_noise_above() {
        let kernel = Sgld::new(StepSize::Constant(0.5), 0.0).unwrap();
        let mut state = kernel.start(vector(&[3.0, -0.1]));
        kernel.step(&mut state, &vector(&[0.0, 0.0]), &mut stream(0)).unwrap();
        assert_eq!(values(&state.position), [3.0, -0.1]);
        let kernel = Sgld::new(StepSize::Constant(0.5), 4.0).unwrap();
        kernel.step(&mut state, &vector(&[0.0, 0.0]), &mut stream(0)).unwrap();
        let n = values(&Position::new(vec![stream(0).normal_like(&Tensor::from_slice(&[0f64; 2]))]));
        // sqrt(2 * 0.5 * 4) = 2
        assert_eq!(values(&state.position), [3.0 + 2.0 * n[0], -0.1 + 2.0 * n[1]]);
    }

    #[test]
    fn the_same_key_gives_the_same_step_and_another_key_another() {
        let kernel = Sgld::new(StepSize::Constant(0.1), 0.3).unwrap();
        let first = walk(&kernel, 3, &mut stream(5));
        assert_eq!(first, walk(&kernel, 3, &mut stream(5)));
        assert_ne!(first, walk(&kernel, 3, &mut stream(6)));
    }

    #[test]
    fn every_part_of_a_position_moves() {
        let kernel = Sgld::new(StepSize::Constant(1.0), 0.0).unwrap();
        let parts = || vec![Tensor::from_slice(&[1f32, 2.0]).reshape([2, 1]), Tensor::from_slice(&[3f32])];
        let mut state = kernel.start(Position::new(parts()));
        kernel.step(&mut state, &Position::new(parts()), &mut stream(0)).unwrap();
        assert_eq!(state.position.shapes(), [vec![2, 1], vec![1]]);
        assert!(state.position.tensors().iter().all(|t| *t == t.zeros_like()));
    }

    #[test]
    fn a_diverging_chain_says_after_which_step() {
        let kernel = Sgld::new(StepSize::Constant(1e20), 0.0).unwrap();
        let mut state = kernel.start(Position::new(vec![Tensor::from_slice(&[1f32, 0.0])]));
        let mut step = || {
            let gradient = state.position.duplicate();
            kernel.step(&mut state, &gradient, &mut stream(0))
        };
        // 1, -1e20, then 1e40, which single precision does not hold.
        assert_eq!([step(), step()], [Ok(()), Err(Diverged::Position { step: 2 })]);
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let constant = StepSize::Constant;
        let geometric = |first, ratio| StepSize::Geometric { first, ratio };
        let bad = [
            (constant(0.0), 1.0, "step_size must"),
            (constant(-1.0), 1.0, "step_size must"),
            (constant(f64::NAN), 1.0, "step_size must"),
            (constant(f64::INFINITY), 1.0, "step_size must"),
            (geometric(0.0, 0.5), 1.0, "step_size.first must"),
            (geometric(f64::NAN, 0.5), 1.0, "step_size.first must"),
            (geometric(1.0, 0.0), 1.0, "step_size.ratio must be in (0, 1]"),
            (geometric(1.0, 1.5), 1.0, "step_size.ratio must be in (0, 1]"),
            (geometric(1.0, f64::NAN), 1.0, "step_size.ratio must be in (0, 1]"),
            (constant(1.0), -1e-9, "temperature must be finite and >= 0"),
            (constant(1.0), f64::NAN, "temperature must be finite and >= 0"),
            (constant(1.0), f64::INFINITY, "temperature must be finite and >= 0"),
        ];
        for (step_size, temperature, complaint) in bad {
            let error = Sgld::new(step_size, temperature).unwrap_err().to_string();
            assert!(error.starts_with(complaint), "{error}");
        }
        for good in [constant(0.1), geometric(0.29, 0.25), geometric(0.1, 1.0)] {
            assert!(Sgld::new(good, 0.0).is_ok());
        }
    }

    #[test]
    fn steps_that_shrink_may_begin_too_long_if_the_later_ones_make_up_for_it() {
        let kernel = Sgld::new(StepSize::Geometric { first: 62.5, ratio: 0.25 }, 0.0).unwrap();
        // Factors after the first step: -14.6, -2.9, .02, .76, ..
        assert!(kernel.check_stable(1.0).is_err());
        assert_eq!(kernel.check_contracts(1.0, 15), Ok(()));
        assert!(kernel.check_contracts(1.0, 3).is_err());
        let constant = Sgld::new(StepSize::Constant(0.5), 0.0).unwrap();
        assert_eq!(constant.check_contracts(3.99, 15), Ok(()));
        assert!(constant.check_contracts(4.01, 15).is_err());
    }

    #[test]
    fn a_step_too_long_for_the_curvature_is_refused_with_the_longest_that_would_do() {
        let kernel = Sgld::new(StepSize::Geometric { first: 0.5, ratio: 0.5 }, 1e-5).unwrap();
        assert_eq!(kernel.check_stable(3.99), Ok(()));
        assert_eq!(kernel.check_stable(0.0), Ok(()));
        let error = kernel.check_stable(4.0).unwrap_err();
        assert_eq!(error, Unstable::Step { step_size: 0.5, curvature: 4.0, limit: 2.0 });
        let text = kernel.check_stable(8.0).unwrap_err().to_string();
        assert!(
            text.contains("step size of 0.5")
                && text.contains("curvature 8:")
                && text.ends_with("below 0.25"),
            "{text}"
        );
        for none in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(kernel.check_contracts(none, 3).is_err());
            let error = kernel.check_stable(none).unwrap_err().to_string();
            assert!(error.starts_with("curvature must be finite and >= 0"), "{error}");
        }
    }
}
