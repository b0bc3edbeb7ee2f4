//! How hot a sampler runs: the temperature of each coordinate, given the chain's memory.

use crate::{Sampler, Sgadahmc, Sgadald};
use bal_core::{Position, State};
use bal_diagnostics::{Regime, quantiles};
use tch::{Device, Kind, Tensor};

/// Shares at which a gradient's size is given.
const OF_GRADIENTS: [f64; 4] = [0.1, 0.5, 0.9, 0.99];

/// Shares at which a temperature is given.
const OF_TEMPERATURES: [f64; 3] = [0.1, 0.5, 0.9];

impl Sampler {
    /// The temperature at which each coordinate of a chain runs whose memory stays as it is in `state`: a tensor for each of
    /// the position, in double precision, in units of the energy that the settings are about.
    ///
    /// A step that moves a coordinate by `-d g` and noise of variance s keeps `exp(-U/T)` as it gets small, with
    ///
    /// ```text
    /// x <- x - d g + N(0, s)                           T = s / (2 d)
    /// v <- (1 - a) v - d g + N(0, s);  x <- x + v      T = s / (2 a d)
    /// ```
    ///
    /// | sampler | s | T of a coordinate |
    /// |---|---|---|
    /// | SGLD | `2 e T` | T |
    /// | pSGLD | `2 e T G` | T |
    /// | SGHMC | `2 e T (a - b)` | `(1 - b/a) T` |
    /// | SGAdaLD, constant friction | `max(0, 2 T C e^3 V^-1 - q)` | `T C e V^-1/2`, with `q = 0` |
    /// | SGAdaLD, matched friction | `max(0, 2 T e^2 V^-1/2 - q)` | T, with `q = 0` |
    /// | SGAdaHMC | `max(0, 2 T a e^2 V^-1/2 - q)` | T, with `q = 0` |
    ///
    /// Noise that is not rooted has the square of s as its variance. What minibatches bring is not counted: it makes a chain
    /// hotter than this. A coordinate that has come to rest, because its V is 0, is not a number.
    ///
    /// # Panics
    /// When the memory is another sampler's.
    pub fn effective_temperature(&self, state: &State) -> Vec<Tensor> {
        let everywhere = |t: f64| state.position.full_like(t).tensors().iter().map(double).collect();
        match *self {
            Self::Sgld(s) => everywhere(s.temperature),
            Self::Psgld(s) => everywhere(s.temperature),
            Self::Sghmc(s) => everywhere(s.temperature * (1.0 - s.gradient_noise / s.friction)),
            Self::Sgadald(s) => {
                let of = |v: &Tensor| {
                    let p = s.adaptation().preconditioner(&double(v));
                    let noise = Sgadald(s).noise_scale(&p).square();
                    noise / (p * (2.0 * s.step_size.powi(2)))
                };
                state.memory[0].tensors().iter().map(of).collect()
            }
            Self::Sgadahmc(s) => {
                let of = |v: &Tensor| {
                    let p = s.adaptation().preconditioner(&double(v));
                    let kernel = Sgadahmc(s);
                    let lost = kernel.lost(&p);
                    let steps = p * s.step_size.powi(2);
                    kernel.noise_variance(&steps, &lost) / (steps * lost * 2.0)
                };
                state.memory[1].tensors().iter().map(of).collect()
            }
        }
    }

    /// What chains of this sampler, whose last states these are, say of it; `posterior_temperature` is what a temperature of 1
    /// of its settings is to the posterior, whose own is 1.
    ///
    /// # Panics
    /// As [`Sampler::effective_temperature`].
    pub fn regime(&self, states: &[&State], posterior_temperature: f64) -> Regime {
        let (mut sizes, mut temperatures, mut at_floor) = (vec![], vec![], 0);
        for state in states {
            for temperature in self.effective_temperature(state) {
                temperatures.extend(values(&(temperature * posterior_temperature)));
            }
            let Some((second_moment, floor)) = self.preconditioned(state) else { continue };
            for v in second_moment.tensors() {
                let (v, floor) = match floor {
                    Floor::OfSecondMoment(floor) => (v.shallow_clone(), floor),
                    Floor::AddedToRoot(floor) => (v.sqrt(), floor),
                };
                at_floor += v.le(floor).sum(Kind::Int64).int64_value(&[]);
            }
            sizes.extend(second_moment.tensors().iter().flat_map(|v| values(&v.sqrt())));
        }
        Regime {
            floor_share: (!sizes.is_empty()).then(|| at_floor as f64 / sizes.len() as f64),
            gradient: quantiles(sizes, &OF_GRADIENTS),
            temperature: quantiles(temperatures, &OF_TEMPERATURES),
        }
    }

    /// V in the memory of a chain, and what it is kept above; `None` without a preconditioner.
    fn preconditioned<'a>(&self, state: &'a State) -> Option<(&'a Position, Floor)> {
        match *self {
            Self::Sgld(_) | Self::Sghmc(_) => None,
            Self::Psgld(s) => Some((&state.memory[0], Floor::AddedToRoot(s.preconditioner_floor))),
            Self::Sgadald(s) => Some((&state.memory[0], Floor::OfSecondMoment(s.preconditioner_floor))),
            Self::Sgadahmc(s) => Some((&state.memory[1], Floor::OfSecondMoment(s.preconditioner_floor))),
        }
    }
}

/// How small gradients are kept from too long steps.
enum Floor {
    /// V is never below it, and is the floor's where it is not above.
    OfSecondMoment(f64),
    /// It is added to the root of V, and decides where that root is not above it.
    AddedToRoot(f64),
}

fn double(tensor: &Tensor) -> Tensor {
    tensor.to_kind(Kind::Double)
}

/// All numbers of a tensor, in single precision.
fn values(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor.to_device(Device::Cpu).to_kind(Kind::Float).reshape([-1]);
    Vec::try_from(flat).expect("a row of numbers in single precision")
}

#[cfg(test)]
mod tests;
