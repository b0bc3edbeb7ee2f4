//! Stochastic gradient adaptive Hamiltonian Monte Carlo.

use crate::{
    GradientNoise, SamplerError, SecondMoment, Tau,
    adaptation::Adaptation,
    error::{require, require_non_negative, require_positive},
};
use bal_core::{Diverged, Kernel, NoiseStream, Position, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// Stochastic gradient adaptive Hamiltonian Monte Carlo: SGHMC preconditioned by the gradients' size.
///
/// ```text
/// V <- max((1 - 1/tau) V + g^2/tau, floor)
/// v <- (1 - a) v - e^2 V^-1/2 g + N(0, max(0, 2 T a e^2 V^-1/2 - q)),    a = e C V^-1/2
/// w <- w + v,    g = grad U(w)
/// ```
///
/// coordinate by coordinate, with the new V in the same step. With `a = 1` it is
/// [`Sgadald`](crate::Sgadald) with matched friction. `T = 0` draws no noise.
///
/// With V frozen and `q = 0`, on a Gaussian of curvature L the chain has variance
/// `T / (L (1 - e^2 V^-1/2 L / (2 (2 - a))))`: both frictions leave `exp(-U/T)` invariant up to
/// O(e^2), unlike constant friction without momentum.
///
/// Positions of any shape. Memory: `momentum` (v), 0 at the start, `second_moment` (V), and with
/// [`Tau::Automatic`] also `tau` and `mean_gradient`, all shaped as the position.
///
/// Source: Springenberg et al., NeurIPS 2016, eq. 10, where `a` is a constant and `q = e^4`; the
/// temperature is spelt out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgadahmc(pub(crate) SgadahmcSettings);

/// How fast momentum is lost.
///
/// In files `{ constant = 1.0 }` or `{ decay = 0.05 }`.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentumFriction {
    /// C, the same for all coordinates, finite and > 0. A coordinate whose `e C V^-1/2` exceeds 1 loses
    /// all its momentum in a step, as if it were 1.
    Constant(f64),
    /// a, the same for all coordinates, in `(0, 1]`.
    Decay(f64),
}

/// The settings of [`Sgadahmc`]; an experiment file gives all of them.
///
/// Symbols, ranges and units are those of [`SgadaldSettings`](crate::SgadaldSettings).
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgadahmcSettings {
    /// Step size e, in units of the root of the position; finite and > 0.
    pub step_size: f64,
    /// Temperature T, in units of the energy that the chain sees (of weights: the mean over the training images,
    /// unless `energy` says their sum); finite and >= 0.
    pub temperature: f64,
    /// Friction: `{ constant = C }`, or `{ decay = a }`, the share of the momentum that a step loses.
    pub friction: MomentumFriction,
    /// Noise q of the minibatch gradients, which is therefore not injected again.
    pub gradient_noise: GradientNoise,
    /// Number of past gradients that V averages over, >= 1, or `automatic`.
    #[schemars(with = "f64")]
    pub tau: Tau,
    /// V is kept at or above this number, in units of the gradient squared; finite and >= 0.
    pub preconditioner_floor: f64,
    /// V before the first step, for every coordinate, in units of the gradient squared; finite and > 0, and 1 where tau
    /// is automatic.
    pub initial_second_moment: f64,
    /// First steps of a chain's life, in which V and tau adapt; then they are frozen. Absent: V adapts always. An
    /// automatic tau needs a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adaptation_steps: Option<u64>,
}

impl SgadahmcSettings {
    pub(crate) fn adaptation(&self) -> Adaptation {
        Adaptation {
            tau: self.tau,
            floor: self.preconditioner_floor,
            initial: self.initial_second_moment,
            second_moment: SecondMoment::Persist,
            steps: self.adaptation_steps,
        }
    }
}

impl Sgadahmc {
    /// A kernel with these settings.
    ///
    /// # Errors
    /// [`SamplerError`] naming the first setting that is out of its range.
    pub fn new(settings: SgadahmcSettings) -> Result<Self, SamplerError> {
        require_positive("step_size", settings.step_size)?;
        require_non_negative("temperature", settings.temperature)?;
        match settings.friction {
            MomentumFriction::Constant(c) => require_positive("friction.constant", c)?,
            MomentumFriction::Decay(a) => require(a > 0.0 && a <= 1.0, "friction.decay", "in (0, 1]", a)?,
        }
        settings.adaptation().check()?;
        Ok(Self(settings))
    }

    /// The settings.
    pub fn settings(&self) -> &SgadahmcSettings {
        &self.0
    }

    /// The share a of the momentum that a step loses, given `p = V^-1/2`.
    pub(crate) fn lost(&self, p: &Tensor) -> Tensor {
        match self.0.friction {
            MomentumFriction::Constant(c) => (p * (self.0.step_size * c)).clamp_max_(1.0),
            MomentumFriction::Decay(a) => p.full_like(a),
        }
    }

    /// The variance of the noise, given `steps = e^2 V^-1/2` and the share that is lost.
    pub(crate) fn noise_variance(&self, steps: &Tensor, lost: &Tensor) -> Tensor {
        let SgadahmcSettings { step_size, temperature, gradient_noise, .. } = self.0;
        let mut variance = steps * lost * (2.0 * temperature);
        variance -= gradient_noise.variance(step_size, temperature);
        variance.clamp_min_(0.0)
    }
}

impl Kernel for Sgadahmc {
    fn slots(&self) -> &'static [&'static str] {
        match self.0.tau {
            Tau::Fixed(_) => &["momentum", "second_moment"],
            Tau::Automatic => &["momentum", "second_moment", "tau", "mean_gradient"],
        }
    }

    fn start(&self, position: Position) -> State {
        let mut memory = vec![position.full_like(0.0)];
        memory.extend(self.0.adaptation().start(&position));
        State::new(position, memory)
    }

    /// # Panics
    /// When the state's memory is not that of [`Kernel::slots`].
    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged> {
        let SgadahmcSettings { step_size: e, temperature, .. } = self.0;
        let State { position, memory, step, .. } = state;
        let adaptation = self.0.adaptation();
        let (momentum, adapted) = memory.split_at_mut(1);
        adaptation.follow(*step, adapted, gradient);
        let parts = position.tensors_mut().iter_mut().zip(momentum[0].tensors_mut());
        for (((w, v), g), second) in parts.zip(gradient.tensors()).zip(adapted[0].tensors()) {
            let p = adaptation.preconditioner(second);
            let lost = self.lost(&p);
            let steps = p * e.powi(2);
            *v *= 1.0 - &lost;
            let _ = v.subtract_(&(&steps * g));
            if temperature > 0.0 {
                let n = noise.normal_like(w);
                let _ = v.addcmul_(&self.noise_variance(&steps, &lost).sqrt_(), &n);
            }
            *w += &*v;
        }
        state.advance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Friction, InjectedNoise, Sgadald, SgadaldSettings};
    use bal_core::{NoiseKey, Purpose};

    const SETTINGS: SgadahmcSettings = SgadahmcSettings {
        step_size: 0.5,
        temperature: 0.0,
        friction: MomentumFriction::Decay(0.5),
        gradient_noise: GradientNoise::None,
        tau: Tau::Fixed(2.0),
        preconditioner_floor: 0.0,
        initial_second_moment: 1.0,
        adaptation_steps: None,
    };

    fn walk(kernel: &dyn Kernel, gradients: &[f64]) -> f64 {
        let scalar = |x: f64| Position::new(vec![Tensor::from_slice(&[x])]);
        let mut noise = NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: 0 });
        let mut state = kernel.start(scalar(1.0));
        assert_eq!(state.memory.len(), kernel.slots().len());
        for &g in gradients {
            kernel.step(&mut state, &scalar(g), &mut noise).unwrap();
        }
        state.position.first().double_value(&[0])
    }

    fn assert_near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    #[test]
    fn steps_follow_the_arithmetic_by_hand() {
        let kernel = Sgadahmc::new(SETTINGS).unwrap();
        // g = 7^1/2: V = 1/2 + 7/2 = 4, v = -1/4 * 1/2 * 7^1/2.
        let first = -0.125 * 7f64.sqrt();
        assert_near(walk(&kernel, &[7f64.sqrt()]), 1.0 + first);
        // g = 0: V = 2, and half of the momentum is left.
        assert_near(walk(&kernel, &[7f64.sqrt(), 0.0]), 1.0 + 1.5 * first);
    }

    #[test]
    fn with_all_momentum_lost_it_is_sgadald_with_matched_friction() {
        let whole = MomentumFriction::Decay(1.0);
        for gradient_noise in [GradientNoise::Corrected, GradientNoise::None] {
            let settings = SgadahmcSettings { friction: whole, temperature: 0.7, gradient_noise, ..SETTINGS };
            let matched = SgadaldSettings {
                step_size: 0.5,
                temperature: 0.7,
                friction: Friction::Matched,
                gradient_noise,
                tau: Tau::Fixed(2.0),
                preconditioner_floor: 0.0,
                initial_second_moment: 1.0,
                second_moment: SecondMoment::Persist,
                injected_noise: InjectedNoise::Root,
                adaptation_steps: None,
            };
            let gradients = [0.3, -2.0, 0.9];
            let (a, b) = (Sgadahmc::new(settings).unwrap(), Sgadald::new(matched).unwrap());
            assert_near(walk(&a, &gradients), walk(&b, &gradients));
        }
    }

    #[test]
    fn constant_friction_takes_more_momentum_where_gradients_are_small() {
        let constant = SgadahmcSettings {
            friction: MomentumFriction::Constant(0.5),
            adaptation_steps: Some(0),
            ..SETTINGS
        };
        let of = |second_moment: f64| {
            let settings = SgadahmcSettings { initial_second_moment: second_moment, ..constant };
            let kernel = Sgadahmc::new(settings).unwrap();
            let (one, two) = (walk(&kernel, &[1.0]), walk(&kernel, &[1.0, 0.0]));
            // What is left of the momentum after a step without gradient.
            (two - one) / (one - 1.0)
        };
        // 1 - e C V^-1/2.
        assert_near(of(1.0), 0.75);
        assert_near(of(0.25), 0.5);
        // More than all of it is all of it.
        assert_near(of(0.01), 0.0);
    }

    #[test]
    fn files_say_every_setting_and_what_is_wrong_is_named() {
        for friction in [MomentumFriction::Constant(2.0), MomentumFriction::Decay(0.05)] {
            let settings = SgadahmcSettings { friction, ..SETTINGS };
            let text = toml::to_string(&settings).unwrap();
            assert_eq!(toml::from_str::<SgadahmcSettings>(&text).unwrap(), settings);
        }
        for (settings, complaint) in [
            (SgadahmcSettings { step_size: 0.0, ..SETTINGS }, "step_size must"),
            (SgadahmcSettings { temperature: -1.0, ..SETTINGS }, "temperature must"),
            (SgadahmcSettings { friction: MomentumFriction::Decay(1.1), ..SETTINGS }, "friction.decay must"),
            (
                SgadahmcSettings { friction: MomentumFriction::Constant(0.0), ..SETTINGS },
                "friction.constant must",
            ),
            (SgadahmcSettings { preconditioner_floor: -1.0, ..SETTINGS }, "preconditioner_floor must"),
            (SgadahmcSettings { initial_second_moment: 0.0, ..SETTINGS }, "initial_second_moment must"),
            (SgadahmcSettings { tau: Tau::Fixed(0.5), ..SETTINGS }, "tau must"),
            (
                SgadahmcSettings { tau: Tau::Automatic, ..SETTINGS },
                "tau = \"automatic\" needs adaptation_steps",
            ),
        ] {
            let error = Sgadahmc::new(settings).unwrap_err().to_string();
            assert!(error.starts_with(complaint), "{error}");
        }
    }
}
