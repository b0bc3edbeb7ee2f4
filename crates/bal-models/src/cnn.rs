//! The convolutional network of the paper's MNIST experiments.

use crate::{ModelError, Sizes, stacked_layers::Features};
use bal_core::{
    Architecture, Forward, Mode, NoiseStream, Position, Stacked, Tap, Tapped, TensorSpec, channels_last,
};
use bal_layers::{conv_pool_relu, pool_relu};
use tch::{Device, Kind, Tensor};

/// Filters of each convolution: as the paper has them, and of the wide form.
const FILTERS: i64 = 32;
const WIDE: i64 = 64;
const HIDDEN: i64 = 64;
const KEEP: f64 = 0.5;

/// Two convolutions and two fully connected layers.
///
/// ```text
/// conv 32 3x3 pad 1, ReLU, max-pool 2;  conv 32 3x3 pad 1, ReLU, max-pool 2;
/// dropout 0.5;  FC 64, ReLU;  FC classes
/// ```
///
/// Input `[n, c, h, w]` in `[0, 1]`, not normalised; 110,634 weights for `[1, 28, 28]` and ten classes. Of sides that 4
/// does not divide, pooling drops what is left over. Each convolution is one layer with its pooling and `ReLU`
/// ([`conv_pool_relu`]).
///
/// `cnn-wide` is the same network with 64 filters in each convolution, and so with 238,986 weights: about as many as two of
/// the first. It is a control, and no network of the paper's.
///
/// Source: Ye & Zhu, NeurIPS 2018, section 5.1, and the authors' released settings.
#[derive(Clone, Copy, Debug)]
pub struct Cnn {
    filters: i64,
    input: [i64; 3],
    classes: i64,
}

impl Cnn {
    /// The network for 28x28 grey images of ten classes.
    pub fn mnist() -> Self {
        Self { filters: FILTERS, input: [1, 28, 28], classes: 10 }
    }

    /// The same with 64 filters in each convolution.
    pub fn wide_mnist() -> Self {
        Self { filters: WIDE, ..Self::mnist() }
    }

    /// The network for images and classes of these sizes; sides of 4 pixels at least.
    ///
    /// # Errors
    /// [`ModelError::Sizes`] for others.
    pub fn new(sizes: Sizes) -> Result<Self, ModelError> {
        Self::of("cnn", FILTERS, sizes)
    }

    /// The same with 64 filters in each convolution.
    ///
    /// # Errors
    /// Those of [`Self::new`].
    pub fn wide(sizes: Sizes) -> Result<Self, ModelError> {
        Self::of("cnn-wide", WIDE, sizes)
    }

    fn of(name: &'static str, filters: i64, sizes: Sizes) -> Result<Self, ModelError> {
        let Sizes { input, classes } = sizes.checked(name, 4)?;
        Ok(Self { filters, input, classes })
    }

    fn features(self) -> i64 {
        self.filters * (self.input[1] / 4) * (self.input[2] / 4)
    }
}

impl Architecture for Cnn {
    fn name(&self) -> &'static str {
        if self.filters == FILTERS { "cnn" } else { "cnn-wide" }
    }

    fn classes(&self) -> i64 {
        self.classes
    }

    fn input(&self) -> [i64; 3] {
        self.input
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        let filters = self.filters;
        vec![
            TensorSpec::new("conv1.weight", &[filters, self.input[0], 3, 3]),
            TensorSpec::new("conv1.bias", &[filters]),
            TensorSpec::new("conv2.weight", &[filters, filters, 3, 3]),
            TensorSpec::new("conv2.bias", &[filters]),
            TensorSpec::new("fc1.weight", &[HIDDEN, self.features()]),
            TensorSpec::new("fc1.bias", &[HIDDEN]),
            TensorSpec::new("fc2.weight", &[self.classes, HIDDEN]),
            TensorSpec::new("fc2.bias", &[self.classes]),
        ]
    }

    /// Uniform in `+-1/sqrt(fan_in)`, weights and biases alike: PyTorch's default.
    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let mut bound = 1.0;
        let weights = self.parameters().into_iter().map(|spec| {
            // A bias follows its weight and has the same bound.
            if spec.shape.len() > 1 {
                bound = 1.0 / (spec.shape[1..].iter().product::<i64>() as f64).sqrt();
            }
            let like = Tensor::zeros(&spec.shape, (Kind::Float, Device::Cpu));
            (noise.uniform_like(&like) * 2.0 - 1.0) * bound
        });
        (Position::new(weights.collect()), Position::new(vec![]))
    }

    fn forward(&self, parameters: &Position, _buffers: &Position, x: &Tensor, mode: Mode) -> Forward {
        let [conv1, conv1_bias, conv2, conv2_bias, fc1, fc1_bias, fc2, fc2_bias] = parameters.tensors()
        else {
            panic!("the CNN has eight weights, got {}", parameters.tensors().len());
        };
        let h = conv_pool_relu(&channels_last(x), &channels_last(conv1), conv1_bias);
        let h = conv_pool_relu(&h, &channels_last(conv2), conv2_bias);
        let h = h.flatten(1, -1);
        let h = match mode {
            Mode::Evaluate => h,
            Mode::Train { masks } => &h * masks.dropout_mask(&h, KEEP),
        };
        let h = h.linear(fc1, Some(fc1_bias)).relu();
        Forward { logits: h.linear(fc2, Some(fc2_bias)), buffers: None }
    }

    fn forward_stacked(&self, weights: &Stacked, x: &Tensor, mode: Mode) -> Tensor {
        let [conv1, conv1_bias, conv2, conv2_bias, fc1, fc1_bias, fc2, fc2_bias] =
            weights.parameters.tensors()
        else {
            panic!("the CNN has eight weights, got {}", weights.parameters.tensors().len());
        };
        let chains = weights.chains();
        let filters = channels_last(&conv1.flatten(0, 1));
        let h = conv_pool_relu(&channels_last(x), &filters, &conv1_bias.flatten(0, 1));
        let h = pool_relu(&Features::Grouped(h).convolved(conv2, conv2_bias, 1, 1));
        let h = Features::Rows(Features::Grouped(h).rows(chains));
        let h = match mode {
            Mode::Evaluate => h,
            Mode::Train { masks } => h.masked(chains, masks, KEEP),
        };
        let h = Features::Rows(h.dense(fc1, fc1_bias).relu());
        h.dense(fc2, fc2_bias)
    }

    fn taps(&self, parameters: &Position, _buffers: &Position, x: &Tensor) -> Option<Tapped> {
        let w = parameters.tensors();
        let (mut h, mut taps) = (x.shallow_clone(), Vec::new());
        // The layer that is one with its pooling shows nothing in between: the same of LibTorch's operators.
        for at in [0, 2] {
            let output = h.conv2d(&w[at], Some(&w[at + 1]), [1, 1], [1, 1], [1, 1], 1);
            taps.push(Tap::convolution(at, &h, &output, [3, 1, 1]));
            h = output.relu().max_pool2d([2, 2], [2, 2], [0, 0], [1, 1], false);
        }
        let h = h.flatten(1, -1);
        let hidden = h.linear(&w[4], Some(&w[5]));
        taps.push(Tap::dense(4, &h, &hidden));
        let hidden = hidden.relu();
        let logits = hidden.linear(&w[6], Some(&w[7]));
        taps.push(Tap::dense(6, &hidden, &logits));
        Some(Tapped { logits, taps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, Purpose};

    fn noise(chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
    }

    fn images(n: i64) -> Tensor {
        noise(9).uniform_like(&Tensor::zeros([n, 1, 28, 28], (Kind::Float, Device::Cpu)))
    }

    #[test]
    fn the_mnist_network_has_110_634_weights() {
        let (weights, buffers) = Cnn::mnist().init(&mut noise(0));
        assert_eq!(weights.numel(), 110_634);
        assert!(buffers.tensors().is_empty());
    }

    #[test]
    fn the_wide_network_has_the_weights_of_two() {
        let wide = Cnn::wide_mnist();
        let (weights, buffers) = wide.init(&mut noise(0));
        assert_eq!((wide.name(), weights.numel()), ("cnn-wide", 238_986));
        let x = images(3);
        let logits = wide.forward(&weights, &buffers, &x, Mode::Evaluate).logits;
        assert!(logits.allclose(&composed(&weights, &x), 1e-5, 1e-6, false));
    }

    #[test]
    fn it_takes_images_of_any_size_and_number_of_channels() {
        for (input, weights) in [([3, 30, 41], 154_023), ([1, 4, 4], 12_135), ([8, 9, 6], 16_199)] {
            let net = Cnn::new(Sizes { input, classes: 7 }).unwrap();
            let (parameters, buffers) = net.init(&mut noise(0));
            assert_eq!(parameters.numel(), weights);
            let [c, h, w] = input;
            let x = noise(9).uniform_like(&Tensor::zeros([2, c, h, w], (Kind::Float, Device::Cpu)));
            let logits = net.forward(&parameters, &buffers, &x, Mode::Evaluate).logits;
            assert_eq!(logits.size(), [2, 7]);
            assert!(logits.allclose(&composed(&parameters, &x), 1e-5, 1e-6, false));
        }
    }

    #[test]
    fn images_too_small_to_pool_twice_are_refused() {
        let error = Cnn::new(Sizes { input: [1, 3, 28], classes: 2 }).unwrap_err().to_string();
        assert!(error.contains("28") && error.contains("at least 4"), "{error}");
    }

    #[test]
    fn its_taps_have_its_logits_and_every_parameter() {
        for net in [Cnn::mnist(), Cnn::new(Sizes { input: [3, 30, 41], classes: 7 }).unwrap()] {
            let (weights, buffers) = net.init(&mut noise(0));
            let [c, h, w] = net.input;
            let x = noise(9).uniform_like(&Tensor::zeros([3, c, h, w], (Kind::Float, Device::Cpu)));
            let tapped = net.taps(&weights, &buffers, &x).unwrap();
            let logits = net.forward(&weights, &buffers, &x, Mode::Evaluate).logits;
            assert!(tapped.logits.allclose(&logits, 1e-5, 1e-6, false));
            let places: Vec<[usize; 2]> = tapped.taps.iter().map(|tap| [tap.weight, tap.bias]).collect();
            assert_eq!(places, [[0, 1], [2, 3], [4, 5], [6, 7]]);
            for tap in tapped.taps {
                let (weight, bias) = (&weights.tensors()[tap.weight], &weights.tensors()[tap.bias]);
                let product = tap.inputs.matmul(&weight.flatten(1, -1).tr()) + bias;
                let output = tap.output.reshape([3, weight.size()[0], -1]).transpose(1, 2);
                assert!(product.allclose(&output, 1e-4, 1e-5, false));
            }
        }
    }

    #[test]
    fn pooling_first_is_the_same_function_as_relu_first() {
        let (weights, buffers) = Cnn::mnist().init(&mut noise(0));
        let x = images(3);
        let logits = Cnn::mnist().forward(&weights, &buffers, &x, Mode::Evaluate).logits;
        assert!(logits.allclose(&composed(&weights, &x), 1e-5, 1e-6, false));
    }

    /// The same of `LibTorch`'s operators.
    fn composed(weights: &Position, x: &Tensor) -> Tensor {
        let w = weights.tensors();
        let layer = |x: &Tensor, i: usize| {
            x.conv2d(&w[i], Some(&w[i + 1]), [1, 1], [1, 1], [1, 1], 1).relu().max_pool2d(
                [2, 2],
                [2, 2],
                [0, 0],
                [1, 1],
                false,
            )
        };
        let h = layer(&layer(x, 0), 2).flatten(1, -1);
        h.linear(&w[4], Some(&w[5])).relu().linear(&w[6], Some(&w[7]))
    }

    #[test]
    fn dropout_acts_in_training_only_and_follows_its_images() {
        let (weights, buffers) = Cnn::mnist().init(&mut noise(0));
        let (net, x) = (Cnn::mnist(), images(4));
        let train = |x: &Tensor, indices: &[i64]| {
            let masks = &mut noise(3).for_images(indices);
            net.forward(&weights, &buffers, x, Mode::Train { masks }).logits
        };
        let together = train(&x, &[0, 1, 2, 3]);
        let alone = train(&x.narrow(0, 2, 1), &[2]);
        assert!(together.narrow(0, 2, 1).allclose(&alone, 1e-5, 1e-6, false));
        let evaluated = net.forward(&weights, &buffers, &x, Mode::Evaluate).logits;
        assert!(!together.allclose(&evaluated, 1e-3, 1e-3, false));
    }
}
