//! A convolution with an instance norm.

use bal_core::{NoiseStream, TensorSpec};
use tch::{Device, Kind, Tensor};

/// Keeps the norm of a flat image finite.
const EPSILON: f64 = 1e-5;

/// What a layer does to the sides of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sides {
    /// A 3x3 convolution: it keeps them.
    Keeps,
    /// A 3x3 convolution with stride 2: it halves them.
    Halves,
    /// A transposed 3x3 convolution with stride 2: it doubles them.
    Doubles,
    /// A 4x4 convolution with stride 2: it halves them, and leaves out half a pixel of odd ones.
    HalvesWide,
}

/// A convolution, and an instance norm with a gain and a shift for each filter in place of a bias:
///
/// ```text
/// h = conv(x);    out = gain (h - mean(h)) / sqrt(var(h) + 1e-5) + shift
/// ```
///
/// Mean and variance are over the pixels of one filter of one image, so an image does not depend on its neighbours.
///
/// Source: Ulyanov, Vedaldi & Lempitsky, Instance Normalization, 2016.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    name: String,
    from: i64,
    to: i64,
    sides: Sides,
}

impl Layer {
    /// How many tensors it has.
    pub(super) const TENSORS: usize = 3;

    pub(super) fn new(name: impl Into<String>, from: i64, to: i64, sides: Sides) -> Self {
        Self { name: name.into(), from, to, sides }
    }

    fn kernel(&self) -> [i64; 4] {
        let side = if self.sides == Sides::HalvesWide { 4 } else { 3 };
        match self.sides {
            // Transposed convolutions have their inputs first.
            Sides::Doubles => [self.from, self.to, side, side],
            _ => [self.to, self.from, side, side],
        }
    }

    pub(super) fn parameters(&self) -> [TensorSpec; Self::TENSORS] {
        let name = &self.name;
        [
            TensorSpec::new(format!("{name}.weight"), &self.kernel()),
            TensorSpec::new(format!("{name}.gain"), &[self.to]),
            TensorSpec::new(format!("{name}.shift"), &[self.to]),
        ]
    }

    /// Weights normal with variance `2 / fan_in` (He et al., ICCV 2015, eq. 10), gains 1, shifts 0.
    pub(super) fn init(&self, noise: &mut NoiseStream) -> [Tensor; Self::TENSORS] {
        let kernel = self.kernel();
        let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu));
        // With stride 2 a transposed convolution adds a quarter of its taps up in each pixel.
        let taps = kernel[2] * kernel[3];
        let fan_in = self.from as f64 * taps as f64 / if self.sides == Sides::Doubles { 4.0 } else { 1.0 };
        let weight = noise.normal_like(&zeros(&kernel)) * (2.0 / fan_in).sqrt();
        [weight, zeros(&[self.to]) + 1.0, zeros(&[self.to])]
    }

    /// The layer's output for `x`, `[n, from, h, w]`, without what follows it.
    pub(super) fn forward(&self, tensors: &[Tensor], x: &Tensor) -> Tensor {
        let [weight, gain, shift] = tensors else { unreachable!("a layer has {} tensors", Self::TENSORS) };
        let none = None::<&Tensor>;
        let h = match self.sides {
            Sides::Keeps => x.conv2d(weight, none, [1, 1], [1, 1], [1, 1], 1),
            Sides::Halves | Sides::HalvesWide => x.conv2d(weight, none, [2, 2], [1, 1], [1, 1], 1),
            Sides::Doubles => x.conv_transpose2d(weight, none, [2, 2], [1, 1], [1, 1], 1, [1, 1]),
        };
        // A group for each filter.
        h.group_norm(self.to, Some(gain), Some(shift), EPSILON, false)
    }
}
