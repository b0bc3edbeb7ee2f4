//! Adam, the optimiser of the point estimates.

use crate::{SamplerError, error::require_positive};
use bal_core::{Diverged, Kernel, NoiseStream, Position, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Settings of [`Adam`].
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdamSettings {
    /// Step size of Adam, the learning rate; finite and > 0.
    pub step_size: f64,
}

/// Adam, as a kernel without noise.
///
/// ```text
/// m <- b1 m + (1 - b1) g;    v <- b2 v + (1 - b2) g^2
/// x <- x - e (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + 1e-8)
/// ```
///
/// with `b1 = 0.9`, `b2 = 0.999`, the defaults everywhere.
///
/// Source: Kingma & Ba, ICLR 2015, Algorithm 1.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    step_size: f64,
}

impl Adam {
    /// The optimiser with these settings.
    ///
    /// # Errors
    /// [`SamplerError::OutOfRange`] for a step size that is not finite and above 0.
    pub fn new(settings: AdamSettings) -> Result<Self, SamplerError> {
        require_positive("adam.step_size", settings.step_size)?;
        Ok(Self { step_size: settings.step_size })
    }
}

impl Kernel for Adam {
    fn slots(&self) -> &'static [&'static str] {
        &["first_moment", "second_moment"]
    }

    fn start(&self, position: Position) -> State {
        let moments = vec![position.full_like(0.0), position.full_like(0.0)];
        State::new(position, moments)
    }

    fn step(&self, state: &mut State, gradient: &Position, _: &mut NoiseStream) -> Result<(), Diverged> {
        let t = (state.step + 1) as f64;
        let first = -self.step_size / (1.0 - BETA1.powf(t));
        let second = (1.0 - BETA2.powf(t)).sqrt();
        let [m, v] = state.memory.as_mut_slice() else { unreachable!("made by start") };
        let moments = m.tensors_mut().iter_mut().zip(v.tensors_mut());
        for ((x, g), (m, v)) in state.position.tensors_mut().iter_mut().zip(gradient.tensors()).zip(moments) {
            let _ = m.g_mul_scalar_(BETA1).g_add_(&(g * (1.0 - BETA1)));
            let _ = v.g_mul_scalar_(BETA2).g_add_(&(g.square() * (1.0 - BETA2)));
            let _ = x.g_add_(&(&*m * first / (v.sqrt() / second + EPSILON)));
        }
        state.advance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, Purpose};
    use tch::Tensor;

    #[test]
    fn two_steps_agree_with_the_algorithm_worked_by_hand() {
        let adam = Adam::new(AdamSettings { step_size: 0.1 }).unwrap();
        let mut noise = NoiseStream::new(NoiseKey { seed: 0, purpose: Purpose::Test, sweep: 0, chain: 0 });
        let mut state = adam.start(Position::new(vec![Tensor::from_slice(&[1.0f64])]));
        let gradient = |g: f64| Position::new(vec![Tensor::from_slice(&[g])]);
        adam.step(&mut state, &gradient(0.5), &mut noise).unwrap();
        let x1 = 1.0 - 0.1 * 0.5 / (0.5 + 1e-8);
        assert!((state.position.first().double_value(&[0]) - x1).abs() < 1e-12);
        adam.step(&mut state, &gradient(-1.0), &mut noise).unwrap();
        let m = (0.9 * 0.05 - 0.1) / (1.0 - 0.81);
        let v: f64 = (0.999 * 0.00025 + 0.001) / (1.0 - 0.998_001);
        let x2 = x1 - 0.1 * m / (v.sqrt() + 1e-8);
        assert!((state.position.first().double_value(&[0]) - x2).abs() < 1e-12);
    }

    #[test]
    fn a_step_size_out_of_range_is_refused() {
        for step_size in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Adam::new(AdamSettings { step_size }).is_err());
        }
    }
}
