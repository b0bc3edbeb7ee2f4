//! Preconditioned stochastic gradient Langevin dynamics.

use crate::{
    SamplerError,
    error::{require, require_non_negative, require_positive},
};
use bal_core::{Diverged, Kernel, NoiseStream, Position, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stochastic gradient Langevin dynamics with the preconditioner of `RMSProp`.
///
/// ```text
/// V <- d V + (1 - d) g^2,    G = 1 / (floor + V^1/2)
/// x <- x - e G g + sqrt(2 e T G) n,    g = grad U(x), n ~ N(0, I)
/// ```
///
/// coordinate by coordinate, with the new V in the same step. `T = 0` is `RMSProp`, and draws no noise.
///
/// With V fixed, leaves `exp(-U(x) / T)` invariant as e -> 0; on a Gaussian of curvature L the chain
/// itself then has variance `T / (L (1 - e G L / 2))`. While V moves, the drift lacks the term `T dG/dx`,
/// which is left out here as in practice: Corollary 2 of the source bounds the bias. It makes the chain too hot, the more the fewer
/// steps V remembers beside those in which the chain forgets where it was; shorter steps do not mend it.
///
/// Positions of any shape. Memory: `second_moment` (V), shaped as the position.
///
/// Source: Li, Chen, Carlson & Carin, AAAI 2016, algorithm 1, without Gamma; our e is half of theirs.
/// V is of the gradient that the kernel is given, so `floor` is in its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Psgld(PsgldSettings);

/// The settings of [`Psgld`]; an experiment file gives all of them.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PsgldSettings {
    /// Step size e, in units of the position; finite and > 0.
    pub step_size: f64,
    /// Temperature T, in units of the energy that the chain sees (of weights: the mean over the training images,
    /// unless `energy` says their sum); finite and >= 0.
    pub temperature: f64,
    /// Share d of V that a step keeps, in `[0, 1]`. With 1, V stays what it was at the start.
    pub decay: f64,
    /// Number that is added to the root of V, in units of the gradient; finite and > 0.
    pub preconditioner_floor: f64,
    /// V before the first step, in units of the gradient squared; finite and >= 0.
    pub initial_second_moment: f64,
}

impl Psgld {
    /// A kernel with these settings.
    ///
    /// # Errors
    /// [`SamplerError::OutOfRange`] naming the setting that is.
    pub fn new(settings: PsgldSettings) -> Result<Self, SamplerError> {
        require_positive("step_size", settings.step_size)?;
        require_non_negative("temperature", settings.temperature)?;
        require((0.0..=1.0).contains(&settings.decay), "decay", "in [0, 1]", settings.decay)?;
        require_positive("preconditioner_floor", settings.preconditioner_floor)?;
        require_non_negative("initial_second_moment", settings.initial_second_moment)?;
        Ok(Self(settings))
    }

    /// The settings.
    pub fn settings(&self) -> &PsgldSettings {
        &self.0
    }
}

impl Kernel for Psgld {
    fn slots(&self) -> &'static [&'static str] {
        &["second_moment"]
    }

    fn start(&self, position: Position) -> State {
        let second_moment = position.full_like(self.0.initial_second_moment);
        State::new(position, vec![second_moment])
    }

    /// # Panics
    /// When the state's memory is not that of [`Kernel::slots`].
    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged> {
        let PsgldSettings { step_size, temperature, decay, preconditioner_floor, .. } = self.0;
        let State { position, memory, .. } = state;
        let second_moment = memory[0].tensors_mut().iter_mut();
        let parts = position.tensors_mut().iter_mut().zip(second_moment).zip(gradient.tensors());
        for ((x, v), g) in parts {
            let _ = v.lerp_(&g.square(), 1.0 - decay);
            let mut steps = (v.sqrt() + preconditioner_floor).reciprocal_();
            steps *= step_size;
            if temperature > 0.0 {
                let n = noise.normal_like(x);
                let _ = x.addcmul_(&(&steps * (2.0 * temperature)).sqrt_(), &n);
            }
            let _ = x.subtract_(&(steps * g));
        }
        state.advance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, Purpose};
    use tch::Tensor;

    const SETTINGS: PsgldSettings = PsgldSettings {
        step_size: 0.5,
        temperature: 0.0,
        decay: 0.75,
        preconditioner_floor: 1.0,
        initial_second_moment: 0.0,
    };

    fn walk(settings: PsgldSettings, gradients: &[f64]) -> f64 {
        let scalar = |x: f64| Position::new(vec![Tensor::from_slice(&[x])]);
        let kernel = Psgld::new(settings).unwrap();
        let mut noise = NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: 0 });
        let mut state = kernel.start(scalar(1.0));
        for &g in gradients {
            kernel.step(&mut state, &scalar(g), &mut noise).unwrap();
        }
        state.position.first().double_value(&[0])
    }

    #[test]
    fn steps_follow_the_arithmetic_by_hand() {
        // g = 4: V = 16/4 = 4, G = 1/3, x = 1 - .5 * 4/3 = 1/3.
        assert!((walk(SETTINGS, &[4.0]) - 1.0 / 3.0).abs() < 1e-12);
        // g = 0: V = 3, and x stays; g = -2: V = 9/4 + 1 = 13/4.
        let expected = 1.0 / 3.0 + 1.0 / (1.0 + 3.25f64.sqrt());
        assert!((walk(SETTINGS, &[4.0, 0.0, -2.0]) - expected).abs() < 1e-12);
    }

    #[test]
    fn a_gradient_of_zero_moves_only_by_noise() {
        assert!((walk(SETTINGS, &[0.0; 3]) - 1.0).abs() < 1e-15);
        assert!((walk(PsgldSettings { temperature: 1.0, ..SETTINGS }, &[0.0]) - 1.0).abs() > 1e-3);
    }

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        for (settings, complaint) in [
            (PsgldSettings { step_size: -1.0, ..SETTINGS }, "step_size must"),
            (PsgldSettings { temperature: f64::INFINITY, ..SETTINGS }, "temperature must"),
            (PsgldSettings { decay: 1.5, ..SETTINGS }, "decay must be in [0, 1]"),
            (PsgldSettings { decay: f64::NAN, ..SETTINGS }, "decay must be in [0, 1]"),
            (PsgldSettings { preconditioner_floor: 0.0, ..SETTINGS }, "preconditioner_floor must"),
            (PsgldSettings { initial_second_moment: -1.0, ..SETTINGS }, "initial_second_moment must"),
        ] {
            let error = Psgld::new(settings).unwrap_err().to_string();
            assert!(error.starts_with(complaint), "{error}");
        }
    }
}
