//! How a layer's weights and biases begin.

use bal_core::NoiseStream;
use tch::{Device, Kind, Tensor};

/// Initial weights, of which fan-in and fan-out are what a number is made of and what it is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Init {
    /// Uniform in `+-1/sqrt(fan_in)`, biases too: PyTorch's.
    FanIn,
    /// Uniform in `+-sqrt(6 / (fan_in + fan_out))`, biases 0 (Glorot & Bengio, AISTATS 2010, eq. 16).
    Glorot,
    /// Normal with the variance `2 / fan_in`, biases 0 (He et al., ICCV 2015, eq. 10).
    He,
}

impl Init {
    /// Weight and bias of a layer, drawn in this order. `shape`: `[to, from]` of a dense layer, `[to, from, side, side]` of a
    /// convolution; the bias has one number for each of `to`.
    pub(crate) fn layer(self, shape: &[i64], noise: &mut NoiseStream) -> [Tensor; 2] {
        let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu));
        let (weight, bias) = (zeros(shape), zeros(&shape[..1]));
        let taps: i64 = shape[2..].iter().product();
        let (to, from) = ((shape[0] * taps) as f64, (shape[1] * taps) as f64);
        let mut uniform = |like: &Tensor, bound: f64| (noise.uniform_like(like) * 2.0 - 1.0) * bound;
        match self {
            Self::FanIn => [uniform(&weight, from.sqrt().recip()), uniform(&bias, from.sqrt().recip())],
            Self::Glorot => [uniform(&weight, (6.0 / (from + to)).sqrt()), bias],
            Self::He => [noise.normal_like(&weight) * (2.0 / from).sqrt(), bias],
        }
    }
}
