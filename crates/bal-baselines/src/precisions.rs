//! The precisions of a hierarchical prior: their law given the weights, and the kernel that draws from it.

use crate::GammaPrior;
use bal_core::{Diverged, Energy, Kernel, NoiseStream, Position, State};
use tch::{Kind, Tensor};

/// The exponent `d_g / 2 + a - 1` of each precision, a group being one tensor of d weights.
pub(crate) fn exponents(prior: GammaPrior, weights: &Position) -> Vec<f64> {
    weights.tensors().iter().map(|w| 0.5 * w.numel() as f64 + prior.shape - 1.0).collect()
}

/// The energy of the precisions given the weights.
///
/// ```text
/// U(beta) = sum_g [ beta_g (|w_g|^2 / 2 + b) - (d_g / 2 + a - 1) log beta_g ]
/// ```
///
/// The energy of the posterior itself, a sum over training images: what does not depend on the precisions is left out. At
/// temperature 1 it is `beta_g ~ Gamma(a + d_g / 2, b + |w_g|^2 / 2)`.
///
/// The position is one tensor `[groups]` in double precision.
#[derive(Debug)]
pub struct PrecisionEnergy {
    /// `|w_g|^2 / 2 + b`, above 0.
    rates: Tensor,
    /// `d_g / 2 + a - 1`, above 0.
    exponents: Tensor,
}

impl PrecisionEnergy {
    /// The energy given `weights`, each tensor of which is a group.
    pub fn new(prior: GammaPrior, weights: &Position) -> Self {
        let rate = |w: &Tensor| {
            0.5 * w.to_kind(Kind::Double).square().sum(Kind::Double).double_value(&[]) + prior.rate
        };
        let rates: Vec<f64> = weights.tensors().iter().map(rate).collect();
        Self { rates: Tensor::from_slice(&rates), exponents: Tensor::from_slice(&exponents(prior, weights)) }
    }

    /// The likeliest precisions, `(d_g / 2 + a - 1) / (|w_g|^2 / 2 + b)`.
    pub fn mode(&self) -> Position {
        Position::new(vec![&self.exponents / &self.rates])
    }
}

impl Energy for PrecisionEnergy {
    fn energy(&self, at: &Position, _: &mut NoiseStream) -> Tensor {
        let beta = at.first();
        (beta * &self.rates - &self.exponents * beta.log()).sum(Kind::Double).reshape([1])
    }
}

/// Draws precisions from their law at once: a Gibbs step.
///
/// Where the energy is `R beta - k log beta`, the density `exp(-U/T)` is that of `T Gamma(k/T + 1) / R`. The kernel knows k; it
/// finds R from the gradient, which is `R - k / beta`. Without noise, T = 0, it goes to the mode k / R.
///
/// Sees energies of the posterior itself, of which temperature 1 is the posterior.
#[derive(Clone, Debug, PartialEq)]
pub struct GammaDraw {
    exponents: Vec<f64>,
    temperature: f64,
}

impl GammaDraw {
    /// The kernel for precisions with this prior of the groups of `weights`; the temperature is at least 0.
    pub fn new(prior: GammaPrior, weights: &Position, temperature: f64) -> Self {
        Self { exponents: exponents(prior, weights), temperature }
    }
}

impl Kernel for GammaDraw {
    fn slots(&self) -> &'static [&'static str] {
        &[]
    }

    fn start(&self, position: Position) -> State {
        State::new(position, vec![])
    }

    fn step(&self, state: &mut State, gradient: &Position, noise: &mut NoiseStream) -> Result<(), Diverged> {
        let exponents = Tensor::from_slice(&self.exponents).to_device(gradient.first().device());
        let rates = gradient.first() + &exponents / state.position.first();
        let drawn = if self.temperature > 0.0 {
            let shapes: Vec<f64> = self.exponents.iter().map(|k| k / self.temperature + 1.0).collect();
            Tensor::from_slice(&noise.gamma(&shapes)).to_device(rates.device()) * self.temperature
        } else {
            exponents
        };
        state.position = Position::new(vec![drawn / rates]);
        state.advance()
    }
}
