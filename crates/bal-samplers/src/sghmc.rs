//! Stochastic gradient Hamiltonian Monte Carlo.

use crate::{
    SamplerError,
    error::{require, require_non_negative, require_positive},
};
use bal_core::{Diverged, Kernel, NoiseStream, Position, State, Unstable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stochastic gradient Hamiltonian Monte Carlo: SGLD with momentum.
///
/// ```text
/// v <- (1 - a) v - e grad U(x) + sqrt(2 e T (a - b)) n,    n ~ N(0, I)
/// x <- x + v
/// ```
///
/// a is the friction, b what minibatch gradients are taken to bring of the noise. With `a = 1`, `b = 0`
/// it is [`Sgld`](crate::Sgld) with the same e and T. `T = 0` is gradient descent with
/// momentum `1 - a`, and draws no noise.
///
/// Leaves `exp(-U(x) / T)` invariant as e -> 0, if gradients bring noise of variance `2 T b / e`. On
/// a Gaussian of curvature L, with exact gradients, the chain itself has variance
/// `(1 - b/a) T / (L (1 - e L / (2 (2 - a))))`.
///
/// Positions of any shape. Memory: `momentum` (v), shaped as the position, 0 at the start.
///
/// Source: Chen, Fox & Guestrin, ICML 2014, eq. 15; their eta is our e, their alpha and beta our a
/// and b. The temperature is spelt out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sghmc(SghmcSettings);

/// The settings of [`Sghmc`]; an experiment file gives all of them.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SghmcSettings {
    /// Step size e, in units of position squared over energy; finite and > 0.
    pub step_size: f64,
    /// Temperature T, in units of the energy that the chain sees (of weights: the mean over the training images,
    /// unless `energy` says their sum); finite and >= 0.
    pub temperature: f64,
    /// Share a of the momentum that a step loses, in `(0, 1]`.
    pub friction: f64,
    /// Noise b of the gradients that friction already balances, in units of a; in `[0, a]`.
    pub gradient_noise: f64,
}

impl Sghmc {
    /// A kernel with these settings.
    ///
    /// # Errors
    /// [`SamplerError::OutOfRange`] naming the setting that is.
    pub fn new(settings: SghmcSettings) -> Result<Self, SamplerError> {
        let SghmcSettings { step_size, temperature, friction, gradient_noise } = settings;
        require_positive("step_size", step_size)?;
        require_non_negative("temperature", temperature)?;
        require(friction > 0.0 && friction <= 1.0, "friction", "in (0, 1]", friction)?;
        let below = (0.0..=friction).contains(&gradient_noise);
        require(below, "gradient_noise", "in [0, friction]", gradient_noise)?;
        Ok(Self(settings))
    }

    /// The settings.
    pub fn settings(&self) -> &SghmcSettings {
        &self.0
    }
}

impl Kernel for Sghmc {
    fn slots(&self) -> &'static [&'static str] {
        &["momentum"]
    }

    fn start(&self, position: Position) -> State {
        let momentum = position.full_like(0.0);
        State::new(position, vec![momentum])
    }

    /// # Panics
    /// When the state's memory is not that of [`Kernel::slots`].
    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged> {
        let SghmcSettings { step_size, temperature, friction, gradient_noise } = self.0;
        let scale = (2.0 * step_size * temperature * (friction - gradient_noise)).sqrt();
        let State { position, memory, .. } = state;
        let momentum = memory[0].tensors_mut().iter_mut();
        let parts = position.tensors_mut().iter_mut().zip(momentum).zip(gradient.tensors());
        for ((x, v), g) in parts {
            *v *= 1.0 - friction;
            *v += g * -step_size;
            if scale > 0.0 {
                let mut n = noise.normal_like(x);
                n *= scale;
                *v += n;
            }
            *x += &*v;
        }
        state.advance()
    }

    /// The step size times `curvature` must be below `2 (2 - a)`.
    fn check_stable(&self, curvature: f64) -> Result<(), Unstable> {
        Unstable::check(self.0.step_size, curvature, 2.0 * (2.0 - self.0.friction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sgld, StepSize};
    use bal_core::{NoiseKey, Purpose};
    use tch::Tensor;

    const SETTINGS: SghmcSettings =
        SghmcSettings { step_size: 0.25, temperature: 0.0, friction: 0.5, gradient_noise: 0.0 };

    fn stream() -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: 0 })
    }

    fn vector(values: &[f64]) -> Position {
        Position::new(vec![Tensor::from_slice(values)])
    }

    /// Where steps lead from (1, -2) against the gradient (4, 8), which stays.
    fn walk(kernel: &dyn Kernel, steps: usize) -> Vec<f64> {
        let (mut state, mut noise) = (kernel.start(vector(&[1.0, -2.0])), stream());
        for _ in 0..steps {
            kernel.step(&mut state, &vector(&[4.0, 8.0]), &mut noise).unwrap();
        }
        Vec::try_from(state.position.first()).unwrap()
    }

    #[test]
    fn at_temperature_zero_it_is_gradient_descent_with_momentum() {
        let kernel = Sghmc::new(SETTINGS).unwrap();
        // v = -1, -2; then v/2 - 1, ..: -1.5, -3.
        assert_eq!(walk(&kernel, 1), [0.0, -4.0]);
        assert_eq!(walk(&kernel, 2), [-1.5, -7.0]);
    }

    #[test]
    fn with_all_momentum_lost_it_is_sgld() {
        let kernel = Sghmc::new(SghmcSettings { friction: 1.0, temperature: 0.3, ..SETTINGS }).unwrap();
        let sgld = Sgld::new(StepSize::Constant(0.25), 0.3).unwrap();
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(walk(&kernel, 5).iter().zip(&walk(&sgld, 5)).all(near));
    }

    #[test]
    fn noise_that_gradients_bring_is_not_injected() {
        let hot = SghmcSettings { temperature: 2.0, ..SETTINGS };
        let all = Sghmc::new(SghmcSettings { gradient_noise: 0.5, ..hot }).unwrap();
        assert_eq!(walk(&all, 3), walk(&Sghmc::new(SETTINGS).unwrap(), 3));
        assert_ne!(walk(&all, 3), walk(&Sghmc::new(hot).unwrap(), 3));
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for (settings, complaint) in [
            (SghmcSettings { step_size: 0.0, ..SETTINGS }, "step_size must be finite and > 0"),
            (SghmcSettings { temperature: f64::NAN, ..SETTINGS }, "temperature must be finite and >= 0"),
            (SghmcSettings { friction: 0.0, ..SETTINGS }, "friction must be in (0, 1]"),
            (SghmcSettings { friction: 1.1, ..SETTINGS }, "friction must be in (0, 1]"),
            (SghmcSettings { friction: f64::NAN, ..SETTINGS }, "friction must be in (0, 1]"),
            (SghmcSettings { gradient_noise: 0.6, ..SETTINGS }, "gradient_noise must be in [0, friction]"),
            (SghmcSettings { gradient_noise: -0.1, ..SETTINGS }, "gradient_noise must be in [0, friction]"),
        ] {
            let error = Sghmc::new(settings).unwrap_err().to_string();
            assert!(error.starts_with(complaint), "{error}");
        }
    }

    #[test]
    fn momentum_bears_longer_steps_and_says_how_long() {
        let kernel = Sghmc::new(SETTINGS).unwrap();
        // 2 (2 - .5) = 3.
        assert_eq!(kernel.check_stable(11.9), Ok(()));
        let text = kernel.check_stable(12.0).unwrap_err().to_string();
        assert!(text.contains("must stay below 3,") && text.ends_with("below 0.25"), "{text}");
        assert!(kernel.check_stable(f64::NAN).is_err());
    }
}
