//! The precisions of a hierarchical prior: their law given the weights, and the kernel that draws from it.

use crate::GammaPrior;
use bal_core::{Diverged, Energy, Kernel, NoiseStream, Position, State};
use tch::{Device, Kind, Tensor};

/// The exponents `d_g / 2 + a - 1` of the precisions of a chain, a group being one tensor of d weights.
fn exponents(prior: GammaPrior, weights: &Position) -> Tensor {
    let of = |w: &Tensor| 0.5 * w.numel() as f64 + prior.shape - 1.0;
    Tensor::from_slice(&weights.tensors().iter().map(of).collect::<Vec<f64>>())
}

/// The energy of the precisions of some chains given their weights.
///
/// ```text
/// U(beta) = sum_g [ beta_g (|w_g|^2 / 2 + b) - (d_g / 2 + a - 1) log beta_g ]
/// ```
///
/// The energy of the posterior itself, a sum over training images: what does not depend on the precisions is left out. At
/// temperature 1 it is `beta_g ~ Gamma(a + d_g / 2, b + |w_g|^2 / 2)`.
///
/// The position is a tensor `[groups]` for each chain, in double precision: chains may be of networks with other groups.
#[derive(Debug)]
pub struct PrecisionEnergy {
    /// `|w_g|^2 / 2 + b`, above 0.
    rates: Vec<Tensor>,
    /// `d_g / 2 + a - 1`, above 0.
    exponents: Vec<Tensor>,
}

impl PrecisionEnergy {
    /// The energy given the weights of each chain, every tensor of which is a group.
    pub fn new(prior: GammaPrior, chains: &[Position]) -> Self {
        let rate = |w: &Tensor| {
            0.5 * w.to_kind(Kind::Double).square().sum(Kind::Double).double_value(&[]) + prior.rate
        };
        let rates = |weights: &Position| {
            Tensor::from_slice(&weights.tensors().iter().map(rate).collect::<Vec<f64>>())
        };
        Self {
            rates: chains.iter().map(rates).collect(),
            exponents: chains.iter().map(|weights| exponents(prior, weights)).collect(),
        }
    }

    /// The likeliest precisions, `(d_g / 2 + a - 1) / (|w_g|^2 / 2 + b)`.
    pub fn mode(&self) -> Position {
        Position::new(self.exponents.iter().zip(&self.rates).map(|(k, rate)| k / rate).collect())
    }
}

impl Energy for PrecisionEnergy {
    fn energy(&self, at: &Position, _: &mut NoiseStream) -> Tensor {
        let chains = at.tensors().iter().zip(&self.rates).zip(&self.exponents);
        let each = chains.map(|((beta, rates), exponents)| {
            (beta * rates - exponents * beta.log()).sum(Kind::Double).reshape([1])
        });
        each.reduce(|a, b| a + b).unwrap_or_else(|| Tensor::zeros([1], (Kind::Double, Device::Cpu)))
    }
}

/// Draws precisions from their law at once: a Gibbs step.
///
/// Where the energy is `R beta - k log beta`, the density `exp(-U/T)` is that of `T Gamma(k/T + 1) / R`. The kernel knows k; it
/// finds R from the gradient, which is `R - k / beta`. Without noise, T = 0, it goes to the mode k / R.
///
/// Sees energies of the posterior itself, of which temperature 1 is the posterior. The noise of a chain is that of its number, so
/// that its draws do not depend on what other chains there are.
#[derive(Clone, Debug, PartialEq)]
pub struct GammaDraw {
    /// Of each chain.
    exponents: Vec<Vec<f64>>,
    temperature: f64,
}

impl GammaDraw {
    /// The kernel for precisions with this prior of the groups of each chain's weights; the temperature is at least 0.
    pub fn new(prior: GammaPrior, chains: &[Position], temperature: f64) -> Self {
        let exponents = chains.iter().map(|weights| row(&exponents(prior, weights))).collect();
        Self { exponents, temperature }
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
        let chains = self.exponents.iter().zip(state.position.tensors()).zip(gradient.tensors());
        let draw = |(chain, ((exponents, beta), gradient)): (u64, ((&Vec<f64>, &Tensor), &Tensor))| {
            let k = Tensor::from_slice(exponents).to_device(gradient.device());
            let rates = gradient + &k / beta;
            if self.temperature == 0.0 {
                return k / rates;
            }
            let shapes: Vec<f64> = exponents.iter().map(|k| k / self.temperature + 1.0).collect();
            let drawn = Tensor::from_slice(&noise.for_chain(chain).gamma(&shapes));
            drawn.to_device(rates.device()) * self.temperature / rates
        };
        state.position = Position::new((0..).zip(chains).map(draw).collect());
        state.advance()
    }
}

/// The numbers of a row, in double precision.
pub(crate) fn row(of: &Tensor) -> Vec<f64> {
    let of = of.to_kind(Kind::Double).to_device(Device::Cpu);
    Vec::try_from(of).expect("a row of numbers in double precision")
}
