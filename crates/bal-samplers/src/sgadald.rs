//! Stochastic gradient adaptive Langevin dynamics.

mod settings;

pub use settings::{Friction, InjectedNoise, SgadaldSettings};

use crate::{SamplerError, Tau};
use bal_core::{Diverged, Kernel, NoiseStream, Position, State};
use tch::Tensor;

/// Stochastic gradient adaptive Langevin dynamics: SGLD preconditioned by the gradients' size.
///
/// ```text
/// V <- max((1 - 1/tau) V + g^2/tau, floor)
/// w <- w - e^2 V^-1/2 g + N(0, max(0, 2 T C e^3 V^-1 - q)),    g = grad U(w)
/// ```
///
/// coordinate by coordinate, with the new V in the same step. `T = 0` is preconditioned gradient
/// descent, and draws no noise.
///
/// With V frozen on a Gaussian of curvature L, `a = L e^2 V^-1/2` in `(0, 2)`, the chain has variance
/// `(2 T C e^3/V - q) / (a (2 - a))`. For constant friction that is not `T/L`, whatever e:
/// `exp(-U/T)` is left invariant, up to O(e^2), by [`Friction::Matched`] only.
///
/// A coordinate whose gradient is always 0 takes no drift, and noise of variance `2 T C e^3 / floor`
/// (constant friction) or `2 T e^2 floor^-1/2` (matched) a step. Without a floor its V decays by
/// `1 - 1/tau` a step and that variance grows until the network is wrecked, so a persistent V needs
/// a floor. A coordinate whose V has become exactly 0 stays where it is, with neither drift nor
/// noise: 0/0 is taken as 0.
///
/// Positions of any shape. Memory: `second_moment` (V), and with [`Tau::Automatic`] also `tau` and
/// `mean_gradient`, all shaped as the position.
///
/// Source: Ye & Zhu, NeurIPS 2018, eq. 10, after Springenberg et al., NeurIPS 2016, eq. 7 to 9.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgadald(pub(crate) SgadaldSettings);

impl Sgadald {
    /// A kernel with these settings.
    ///
    /// # Errors
    /// [`SamplerError`] naming the first setting that is out of its range.
    pub fn new(settings: SgadaldSettings) -> Result<Self, SamplerError> {
        settings.check()?;
        Ok(Self(settings))
    }

    /// The settings.
    pub fn settings(&self) -> &SgadaldSettings {
        &self.0
    }

    /// What multiplies n, given `p = V^-1/2`.
    pub(crate) fn noise_scale(&self, p: &Tensor) -> Tensor {
        let SgadaldSettings { step_size: e, temperature: t, .. } = self.0;
        // 2 T C e^3 V^-1, where matched friction has C = V^1/2 / e.
        let mut variance = match self.0.friction {
            Friction::Constant(c) => p.square().g_mul_scalar_(2.0 * t * c * e.powi(3)),
            Friction::Matched => p * (2.0 * t * e.powi(2)),
        };
        let q = self.0.gradient_noise.variance(e, t);
        if q > 0.0 {
            variance -= q;
            let _ = variance.clamp_min_(0.0);
        }
        match self.0.injected_noise {
            InjectedNoise::Root => variance.sqrt_(),
            InjectedNoise::Unrooted => variance,
        }
    }
}

impl Kernel for Sgadald {
    fn slots(&self) -> &'static [&'static str] {
        match self.0.tau {
            Tau::Fixed(_) => &["second_moment"],
            Tau::Automatic => &["second_moment", "tau", "mean_gradient"],
        }
    }

    fn start(&self, position: Position) -> State {
        let memory = self.0.adaptation().start(&position);
        State::new(position, memory)
    }

    /// # Panics
    /// When the state's memory is not that of [`Sgadald::slots`].
    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged> {
        let State { position, memory, step, .. } = state;
        let adaptation = self.0.adaptation();
        adaptation.follow(*step, memory, gradient);
        let parts = position.tensors_mut().iter_mut().zip(gradient.tensors()).zip(memory[0].tensors());
        for ((w, g), v) in parts {
            let mut p = adaptation.preconditioner(v);
            if self.0.temperature > 0.0 {
                let n = noise.normal_like(w);
                let _ = w.addcmul_(&self.noise_scale(&p), &n);
            }
            p *= -self.0.step_size.powi(2);
            let _ = w.addcmul_(&p, g);
        }
        state.advance()
    }
}

#[cfg(test)]
mod tests;
