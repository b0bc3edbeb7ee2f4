//! Networks that are one layer after another.

use crate::{ModelError, Sizes, init::Init, stacked_layers::Features};
use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, Stacked, Tap, Tapped, TensorSpec};
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

    /// Dense layers, and one for so many values, on rows of `input`; they begin as [`Init::FanIn`] says.
    ///
    /// # Errors
    /// [`ModelError::Sizes`] for a row without numbers, or of too many.
    pub(crate) fn of_values(
        name: String,
        mut layers: Vec<Layer>,
        input: [i64; 3],
        values: i64,
    ) -> Result<Self, ModelError> {
        // What is checked of images goes for rows; so many values are no classes.
        let Sizes { input, .. } = Sizes { input, classes: 2 }.checked(&name, 1)?;
        layers.push(Layer::Dense { units: values, init: Init::FanIn });
        Ok(Self { name, layers, input, classes: values })
    }

    /// What the last layer gives, `[n, outputs]`, with these weights.
    pub(crate) fn values(&self, weights: &[Tensor], x: &Tensor, mode: Mode) -> Tensor {
        self.pass(weights, x, mode, |_, _, _, _| {})
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

    /// The logits of `x`. `seen` is told each layer that has a weight, with the number of its weight, its input and its output.
    fn pass(
        &self,
        parameters: &[Tensor],
        x: &Tensor,
        mode: Mode,
        mut seen: impl FnMut(Layer, usize, &Tensor, &Tensor),
    ) -> Tensor {
        let mut weights = parameters.chunks(2).enumerate();
        let mut masks = match mode {
            Mode::Evaluate => None,
            Mode::Train { masks } => Some(masks),
        };
        let mut h = x.shallow_clone();
        for (place, &layer) in self.layers.iter().enumerate() {
            let last = place + 1 == self.layers.len();
            h = match (layer, &mut masks) {
                (Layer::Dropout { .. }, None) => h,
                (Layer::Dropout { keep }, Some(masks)) => &h * masks.dropout_mask(&h, keep),
                (Layer::Conv { stride, padding, .. }, _) => {
                    let (number, [weight, bias]) = pair(weights.next());
                    let output = h.conv2d(weight, Some(bias), [stride; 2], [padding; 2], [1, 1], 1);
                    seen(layer, number, &h, &output);
                    output.relu()
                }
                (Layer::Dense { .. }, _) => {
                    let (number, [weight, bias]) = pair(weights.next());
                    let input = h.flatten(1, -1);
                    let output = input.linear(weight, Some(bias));
                    seen(layer, number, &input, &output);
                    if last { output } else { output.relu() }
                }
            };
        }
        h
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
        Forward { logits: self.values(parameters.tensors(), x, mode), buffers: None }
    }

    fn forward_stacked(&self, weights: &Stacked, x: &Tensor, mode: Mode) -> Tensor {
        let chains = weights.chains();
        let mut parameters = weights.parameters.tensors().chunks(2).enumerate();
        let mut masks = match mode {
            Mode::Evaluate => None,
            Mode::Train { masks } => Some(masks),
        };
        let mut h = Features::Shared(x.shallow_clone());
        for (place, &layer) in self.layers.iter().enumerate() {
            let last = place + 1 == self.layers.len();
            h = match (layer, &mut masks) {
                (Layer::Dropout { .. }, None) => h,
                (Layer::Dropout { keep }, Some(masks)) => h.masked(chains, masks, keep),
                (Layer::Conv { stride, padding, .. }, _) => {
                    let (_, [weight, bias]) = pair(parameters.next());
                    Features::Grouped(h.convolved(weight, bias, stride, padding).relu())
                }
                (Layer::Dense { .. }, _) => {
                    let (_, [weight, bias]) = pair(parameters.next());
                    let output = h.dense(weight, bias);
                    Features::Rows(if last { output } else { output.relu() })
                }
            };
        }
        h.rows(chains)
    }

    fn taps(&self, parameters: &Position, _buffers: &Position, x: &Tensor) -> Option<Tapped> {
        let mut taps = Vec::new();
        let logits = self.pass(parameters.tensors(), x, Mode::Evaluate, |layer, weight, input, output| {
            taps.push(match layer {
                Layer::Conv { side, stride, padding, .. } => {
                    Tap::convolution(weight, input, output, [side, stride, padding])
                }
                Layer::Dense { .. } | Layer::Dropout { .. } => Tap::dense(weight, input, output),
            });
        });
        Some(Tapped { logits, taps })
    }
}

/// The number of a layer's weight among all parameters, and the layer's weight and bias.
fn pair(tensors: Option<(usize, &[Tensor])>) -> (usize, [&Tensor; 2]) {
    match tensors {
        Some((layer, [weight, bias])) => (2 * layer, [weight, bias]),
        other => panic!("a layer has a weight and a bias, got {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, Purpose};
    use tch::{Device, Kind};

    fn noise(chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
    }

    #[test]
    fn its_taps_are_its_layers_and_have_every_parameter() {
        let layers = vec![
            Layer::Dropout { keep: 0.5 },
            Layer::Conv { filters: 4, side: 3, stride: 2, padding: 1 },
            Layer::Conv { filters: 5, side: 2, stride: 1, padding: 0 },
            Layer::Dense { units: 6, init: Init::He },
            Layer::Dropout { keep: 0.5 },
        ];
        let sizes = Sizes { input: [2, 9, 8], classes: 3 };
        let net = Sequential::new("layers".into(), layers, Init::Glorot, sizes, 1).unwrap();
        let (weights, buffers) = net.init(&mut noise(0));
        let x = noise(1).uniform_like(&Tensor::zeros([2, 2, 9, 8], (Kind::Float, Device::Cpu)));
        let tapped = net.taps(&weights, &buffers, &x).unwrap();
        assert_eq!(tapped.logits, net.forward(&weights, &buffers, &x, Mode::Evaluate).logits);
        let places: Vec<[usize; 2]> = tapped.taps.iter().map(|tap| [tap.weight, tap.bias]).collect();
        assert_eq!(places, [[0, 1], [2, 3], [4, 5], [6, 7]]);
        for tap in tapped.taps {
            let (weight, bias) = (&weights.tensors()[tap.weight], &weights.tensors()[tap.bias]);
            let product = tap.inputs.matmul(&weight.flatten(1, -1).tr()) + bias;
            let output = tap.output.reshape([2, weight.size()[0], -1]).transpose(1, 2);
            assert!(product.allclose(&output, 1e-5, 1e-6, false));
        }
    }
}
