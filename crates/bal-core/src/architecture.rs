//! Networks as functions of their weights.

use crate::{NoiseStream, Position, Tapped};
use tch::Tensor;

/// The name and shape of a weight or buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSpec {
    /// The name, as in `posterior.safetensors`: `conv1.weight`.
    pub name: String,
    /// The shape, in PyTorch's layout.
    pub shape: Vec<i64>,
}

impl TensorSpec {
    /// A weight of this name and shape.
    pub fn new(name: impl Into<String>, shape: &[i64]) -> Self {
        Self { name: name.into(), shape: shape.to_vec() }
    }
}

/// Whether a network is being trained.
#[derive(Debug)]
pub enum Mode<'a> {
    /// No dropout; batch statistics as stored.
    Evaluate,
    /// Dropout by masks drawn from this stream, which has one row per image; batch statistics of
    /// the batch at hand, which also move the buffers.
    Train {
        /// Where masks come from.
        masks: &'a mut NoiseStream,
    },
}

/// What a forward pass gives.
#[derive(Debug)]
pub struct Forward {
    /// Raw logits, `[n, classes]`.
    pub logits: Tensor,
    /// The buffers after the pass, where it moved them.
    pub buffers: Option<Position>,
}

/// A network as a function of weights, buffers and images.
///
/// Weights are data: a member of an ensemble is an architecture and a position.
pub trait Architecture: Send + Sync + std::fmt::Debug {
    /// The name that files carry: `cnn`.
    fn name(&self) -> &str;

    /// Number of classes.
    fn classes(&self) -> i64;

    /// Channels, height and width of an image.
    fn input(&self) -> [i64; 3];

    /// Names and shapes of the weights, in a position's order.
    fn parameters(&self) -> Vec<TensorSpec>;

    /// Names and shapes of what is stored beside the weights but not sampled.
    fn buffers(&self) -> Vec<TensorSpec> {
        Vec::new()
    }

    /// Whether, in training, an image's logits depend on its neighbours in the batch.
    fn has_batch_statistics(&self) -> bool {
        self.batch_momentum().is_some()
    }

    /// The weight m in (0, 1] with which batch statistics b move the buffers r to `(1 - m) r + m b`; none without such
    /// statistics.
    fn batch_momentum(&self) -> Option<f64> {
        None
    }

    /// Initial weights and buffers.
    fn init(&self, noise: &mut NoiseStream) -> (Position, Position);

    /// Logits of `x`, `[n, c, h, w]`, pixels in `[0, 1]`; differentiable in weights and images.
    fn forward(&self, parameters: &Position, buffers: &Position, x: &Tensor, mode: Mode) -> Forward;

    /// The same in evaluation mode, with what each layer takes and gives: the logits of [`Self::forward`] up to rounding,
    /// and layers that have every parameter. Provided for a network that cannot tell: `None`.
    fn taps(&self, _parameters: &Position, _buffers: &Position, _x: &Tensor) -> Option<Tapped> {
        None
    }
}
