//! Networks that are one layer after another.

use crate::{ModelError, Sizes, init::Init};
use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, TensorSpec};
use tch::Tensor;

/// A layer. Convolutions and all dense layers but the last are followed by `ReLU`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Layer {
    /// Keeps each number with this probability while training, and scales what it keeps by its inverse.
    Dropout { keep: f64 },
    /// A convolution with square filters.
    Conv { filters: i64, side: i64, stride: i64, padding: i64 },
    /// A fully connected layer; the first one flattens what it is given.
    Dense { units: i64, init: Init },
}

/// Layers one after another, and a dense one for the classes at the end.
#[derive(Clone, Debug)]
pub(crate) struct Sequential {
    name: String,
    layers: Vec<Layer>,
    input: [i64; 3],
    classes: i64,
}

impl Sequential {
    /// The network of these layers, and of one for the classes that begins as `init` says.
    ///
    /// # Errors
    /// [`ModelError::Sizes`] for images whose sides are less than `least`.
    pub(crate) fn new(
        name: String,
        mut layers: Vec<Layer>,
        init: Init,
        sizes: Sizes,
        least: i64,
    ) -> Result<Self, ModelError> {
        let Sizes { input, classes } = sizes.checked(&name, least)?;
        layers.push(Layer::Dense { units: classes, init });
        Ok(Self { name, layers, input, classes })
    }

    /// The weight of each layer that has one, with how it begins: convolutions `[filters, channels, side, side]`, dense layers
    /// `[units, numbers]`.
    fn weights(&self) -> Vec<(TensorSpec, Init)> {
        let [mut channels, mut height, mut width] = self.input;
        let (mut convolutions, mut dense) = (0, 0);
        let mut weights = Vec::new();
        for layer in &self.layers {
            match *layer {
                Layer::Dropout { .. } => {}
                Layer::Conv { filters, side, stride, padding } => {
                    convolutions += 1;
                    let name = format!("conv{convolutions}.weight");
                    weights.push((TensorSpec::new(name, &[filters, channels, side, side]), Init::Glorot));
                    let after = |before: i64| (before + 2 * padding - side) / stride + 1;
                    (channels, height, width) = (filters, after(height), after(width));
                }
                Layer::Dense { units, init } => {
                    dense += 1;
                    let numbers = channels * height * width;
                    weights.push((TensorSpec::new(format!("fc{dense}.weight"), &[units, numbers]), init));
                    (channels, height, width) = (units, 1, 1);
                }
            }
        }
        weights
    }
}

/// The bias that follows a weight.
fn bias(weight: &TensorSpec) -> TensorSpec {
    TensorSpec::new(weight.name.replace("weight", "bias"), &weight.shape[..1])
}

impl Architecture for Sequential {
    fn name(&self) -> &str {
        &self.name
    }

    fn classes(&self) -> i64 {
        self.classes
    }

    fn input(&self) -> [i64; 3] {
        self.input
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        let both = |(weight, _): (TensorSpec, Init)| {
            let bias = bias(&weight);
            [weight, bias]
        };
        self.weights().into_iter().flat_map(both).collect()
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let mut tensors = Vec::new();
        for (weight, init) in self.weights() {
            tensors.extend(init.layer(&weight.shape, noise));
        }
        (Position::new(tensors), Position::new(vec![]))
    }

    fn forward(&self, parameters: &Position, _buffers: &Position, x: &Tensor, mode: Mode) -> Forward {
        let mut weights = parameters.tensors().chunks(2);
        let mut masks = match mode {
            Mode::Evaluate => None,
            Mode::Train { masks } => Some(masks),
        };
        let mut h = x.shallow_clone();
        for (place, layer) in self.layers.iter().enumerate() {
            let last = place + 1 == self.layers.len();
            h = match (*layer, &mut masks) {
                (Layer::Dropout { .. }, None) => h,
                (Layer::Dropout { keep }, Some(masks)) => &h * masks.dropout_mask(&h, keep),
                (Layer::Conv { stride, padding, .. }, _) => {
                    let [weight, bias] = pair(weights.next());
                    h.conv2d(weight, Some(bias), [stride; 2], [padding; 2], [1, 1], 1).relu()
                }
                (Layer::Dense { .. }, _) => {
                    let [weight, bias] = pair(weights.next());
                    let h = h.flatten(1, -1).linear(weight, Some(bias));
                    if last { h } else { h.relu() }
                }
            };
        }
        Forward { logits: h, buffers: None }
    }
}

/// A layer's weight and bias.
fn pair(tensors: Option<&[Tensor]>) -> [&Tensor; 2] {
    match tensors {
        Some([weight, bias]) => [weight, bias],
        other => panic!("a layer has a weight and a bias, got {other:?}"),
    }
}
