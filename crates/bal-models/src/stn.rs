//! The spatial transformer network of the paper's traffic-sign experiments.

use crate::{ModelError, Sizes};
use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, Replicate, TensorSpec};
use bal_layers::conv_pool;
use tch::{Device, Kind, Tensor};

const KEEP: f64 = 0.5;
const HIDDEN: i64 = 350;
/// Features of both convolutions of the localiser.
const LOCAL: i64 = 10;
/// Feature maps have channels in multiples of this: what the layers' kernels take without copying.
const LANES: i64 = 8;
/// Name, output channels and kernel of the classifier's convolutions.
const CONVOLUTIONS: [(&str, i64, i64); 3] = [("conv1", 50, 5), ("conv2", 100, 3), ("conv3", 150, 1)];
/// Batch normalisation: weight of the batch at hand in the running statistics, and what keeps roots from 0.
const MOMENTUM: f64 = 0.1;
const EPSILON: f64 = 1e-5;

/// A spatial transformer, then three convolutions and two fully connected layers.
///
/// ```text
/// localiser:   conv 10 7x7 pad 3, leaky ReLU, max-pool 2, channel dropout;  the same, 5x5 pad 2;
///              FC 10, leaky ReLU, dropout;  FC 6 = theta
/// transformer: out(p) = x(theta (p, 1)), bilinear, 0 outside, corners at -1 and 1
/// classifier:  conv 50 5x5, leaky ReLU, max-pool 2, batch norm, channel dropout;
///              the same, 100 3x3;  the same, 150 1x1;  FC 350, leaky ReLU, dropout;  FC classes
/// ```
///
/// Dropout .5 throughout, leaky `ReLU`s of slope .01. Input `[n, c, h, w]` in `[0, 1]`, not normalised; 559,579
/// weights for `[1, 32, 32]` and 43 classes. Buffers: running means and variances of the three batch norms.
///
/// Source: Jaderberg et al., NeurIPS 2015, eq. 1 and 5 (the transformer); Ye & Zhu, NeurIPS 2018, section 5.2,
/// and the authors' released settings (the layers). Raw logits, where the released network ended in a log-softmax.
#[derive(Clone, Copy, Debug)]
pub struct Stn {
    input: [i64; 3],
    classes: i64,
}

impl Stn {
    /// The network for 32x32 grey images of the 43 classes of GTSRB.
    pub fn gtsrb() -> Self {
        Self { input: [1, 32, 32], classes: 43 }
    }

    /// The network for images and classes of these sizes; sides of 16 pixels at least.
    ///
    /// # Errors
    /// [`ModelError::Sizes`] for others.
    pub fn new(sizes: Sizes) -> Result<Self, ModelError> {
        let Sizes { input, classes } = sizes.checked("stn", Self::LEAST_SIDE)?;
        Ok(Self { input, classes })
    }

    /// Pixels of the smallest side of which the convolutions leave one number.
    const LEAST_SIDE: i64 = 16;

    /// Numbers that the convolutions leave of an image.
    fn features(self) -> i64 {
        let side = |side: i64| CONVOLUTIONS.iter().fold(side, |side, (_, _, kernel)| (side - kernel + 1) / 2);
        150 * side(self.input[1]) * side(self.input[2])
    }

    /// The transformation of each image, `[n, 2, 3]`, in coordinates from -1 to 1.
    pub fn theta(&self, parameters: &Position, x: &Tensor, mode: &mut Mode) -> Tensor {
        let w = parameters.tensors();
        let h = pooled(x, &w[0], &w[1], 3);
        let h = pooled(&channel_dropout(h, LOCAL, mode), &w[2], &w[3], 2);
        let h = features(&channel_dropout(h, LOCAL, mode), LOCAL);
        let h = dropout(h.linear(&w[4], Some(&w[5])).leaky_relu(), mode);
        h.linear(&w[6], Some(&w[7])).reshape([-1, 2, 3])
    }
}

/// Zeros after the last dimension's entries, up to a multiple of [`LANES`]. Channels of zeros stay zeros in every layer.
fn filled(x: &Tensor) -> Tensor {
    x.constant_pad_nd([0, missing(*x.size().last().expect("at least one dimension"))])
}

fn missing(channels: i64) -> i64 {
    (-channels).rem_euclid(LANES)
}

/// The first `channels` of filled feature maps, as one row an image.
fn features(x: &Tensor, channels: i64) -> Tensor {
    x.narrow(1, 0, channels).flatten(1, -1)
}

/// Convolution, leaky `ReLU`, max-pool 2; pooled first, which is the same, the function being monotone. The channels of `x`
/// may be filled, those of the result are.
fn pooled(x: &Tensor, weight: &Tensor, bias: &Tensor, padding: i64) -> Tensor {
    let (c, k, _, _) = weight.size4().expect("a kernel has four dimensions");
    let weight = weight.constant_pad_nd([0, 0, 0, 0, 0, x.size()[1] - k, 0, missing(c)]);
    conv_pool(x, &weight, &filled(bias), padding).leaky_relu()
}

fn dropout(x: Tensor, mode: &mut Mode) -> Tensor {
    match mode {
        Mode::Evaluate => x,
        Mode::Train { masks } => &x * masks.dropout_mask(&x, KEEP),
    }
}

/// Whole channels or none, of the first `channels` of filled feature maps.
fn channel_dropout(x: Tensor, channels: i64, mode: &mut Mode) -> Tensor {
    match mode {
        Mode::Evaluate => x,
        Mode::Train { masks } => {
            let like = Tensor::empty([x.size()[0], channels], (x.kind(), x.device()));
            &x * filled(&masks.dropout_mask(&like, KEEP)).unsqueeze(-1).unsqueeze(-1)
        }
    }
}

/// Batch norm of filled feature maps with `[scale, shift, mean, variance]`; in training it takes the batch's own mean and
/// variance, and moves the running ones.
fn normalised(x: &Tensor, [scale, shift, mean, variance]: [&Tensor; 4], training: bool) -> Tensor {
    // Sums over a batch need more digits than bfloat16 has.
    let wide = [scale, shift, mean, variance].map(|t| filled(&t.to_kind(Kind::Float)));
    let float = x.to_kind(Kind::Float);
    let [scale, shift, moved_mean, moved_variance] = wide.each_ref().map(Some);
    let normal =
        float.batch_norm(scale, shift, moved_mean, moved_variance, training, MOMENTUM, EPSILON, false);
    if training {
        for (kept, moved) in [mean, variance].into_iter().zip(&wide[2..]) {
            kept.shallow_clone().copy_(&moved.narrow(0, 0, kept.size()[0]));
        }
    }
    normal.to_kind(x.kind())
}

/// `x` read where `theta` says.
fn transformed(x: &Tensor, theta: &Tensor) -> Tensor {
    const BILINEAR: i64 = 0;
    const ZEROS: i64 = 0;
    // Coordinates need more digits than bfloat16 has.
    let grid = Tensor::affine_grid_generator(&theta.to_kind(Kind::Float), x.size(), true);
    x.to_kind(Kind::Float).grid_sampler(&grid, BILINEAR, ZEROS, true).to_kind(x.kind())
}

impl Architecture for Stn {
    fn name(&self) -> &'static str {
        "stn"
    }

    fn classes(&self) -> i64 {
        self.classes
    }

    fn input(&self) -> [i64; 3] {
        self.input
    }

    fn unrepeatable_on_cuda(&self) -> Option<&'static str> {
        Some("the gradient of an image that is read at other places adds up in no fixed order there")
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        let [channels, height, width] = self.input;
        let mut specs = Vec::new();
        let mut layer = |name: &str, shape: &[i64]| {
            specs.push(TensorSpec::new(format!("{name}.weight"), shape));
            specs.push(TensorSpec::new(format!("{name}.bias"), &shape[..1]));
        };
        layer("localizer.conv1", &[LOCAL, channels, 7, 7]);
        layer("localizer.conv2", &[LOCAL, LOCAL, 5, 5]);
        layer("localizer.fc1", &[10, LOCAL * (height / 4) * (width / 4)]);
        layer("localizer.fc2", &[6, 10]);
        let mut before = channels;
        for (i, (name, filters, kernel)) in CONVOLUTIONS.into_iter().enumerate() {
            layer(name, &[filters, before, kernel, kernel]);
            layer(&format!("bn{}", i + 1), &[filters]);
            before = filters;
        }
        layer("fc1", &[HIDDEN, self.features()]);
        layer("fc2", &[self.classes, HIDDEN]);
        specs
    }

    fn buffers(&self) -> Vec<TensorSpec> {
        let statistics = |i: usize, filters: i64| {
            ["running_mean", "running_var"].map(|name| TensorSpec::new(format!("bn{i}.{name}"), &[filters]))
        };
        let convolutions = CONVOLUTIONS.into_iter().enumerate();
        convolutions.flat_map(|(i, (_, filters, _))| statistics(i + 1, filters)).collect()
    }

    fn batch_momentum(&self) -> Option<f64> {
        Some(MOMENTUM)
    }

    /// Uniform in `+-1/sqrt(fan_in)`, weights and biases alike, and batch norms that change nothing: PyTorch's
    /// default. The transformer begins as the identity.
    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let zeros = |shape: &[i64]| Tensor::zeros(shape, (Kind::Float, Device::Cpu));
        let mut bound = 1.0;
        let weights = self.parameters().into_iter().map(|spec| match spec.name.as_str() {
            "localizer.fc2.weight" => zeros(&spec.shape),
            "localizer.fc2.bias" => Tensor::from_slice(&[1f32, 0.0, 0.0, 0.0, 1.0, 0.0]),
            name if name.starts_with("bn") && name.ends_with("weight") => zeros(&spec.shape) + 1.0,
            name if name.starts_with("bn") => zeros(&spec.shape),
            _ => {
                // A bias follows its weight and has the same bound.
                if spec.shape.len() > 1 {
                    bound = 1.0 / (spec.shape[1..].iter().product::<i64>() as f64).sqrt();
                }
                (noise.uniform_like(&zeros(&spec.shape)) * 2.0 - 1.0) * bound
            }
        });
        let weights = weights.collect();
        let statistics = self.buffers().into_iter().map(|spec| {
            let variance = spec.name.ends_with("running_var");
            zeros(&spec.shape) + if variance { 1.0 } else { 0.0 }
        });
        (Position::new(weights), Position::new(statistics.collect()))
    }

    fn forward(&self, parameters: &Position, buffers: &Position, x: &Tensor, mut mode: Mode) -> Forward {
        let w = parameters.tensors();
        let training = matches!(mode, Mode::Train { .. });
        // Training moves the statistics in place: those of the caller stay as they are.
        let moved = if training { buffers.duplicate() } else { buffers.replicate() };
        let mut h = transformed(x, &self.theta(parameters, x, &mut mode));
        for (i, (_, filters, _)) in CONVOLUTIONS.into_iter().enumerate() {
            let [weight, bias, scale, shift] = [0, 1, 2, 3].map(|k| &w[8 + 4 * i + k]);
            let [mean, variance] = [0, 1].map(|k| &moved.tensors()[2 * i + k]);
            h = pooled(&h, weight, bias, 0);
            h = normalised(&h, [scale, shift, mean, variance], training);
            h = channel_dropout(h, filters, &mut mode);
        }
        let h = features(&h, CONVOLUTIONS[2].1);
        let h = dropout(h.linear(&w[20], Some(&w[21])).leaky_relu(), &mut mode);
        Forward { logits: h.linear(&w[22], Some(&w[23])), buffers: training.then_some(moved) }
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
        noise(9).uniform_like(&Tensor::zeros([n, 1, 32, 32], (Kind::Float, Device::Cpu)))
    }

    #[test]
    fn the_gtsrb_network_has_559_579_weights() {
        let (weights, buffers) = Stn::gtsrb().init(&mut noise(0));
        assert_eq!(weights.numel(), 559_579);
        assert_eq!(buffers.numel(), 2 * (50 + 100 + 150));
    }

    #[test]
    fn it_takes_images_of_any_size_and_number_of_channels() {
        for input in [[3, 48, 40], [1, 16, 16], [3, 21, 16]] {
            let net = Stn::new(Sizes { input, classes: 5 }).unwrap();
            let (weights, buffers) = net.init(&mut noise(0));
            let [c, h, w] = input;
            let x = noise(9).uniform_like(&Tensor::zeros([2, c, h, w], (Kind::Float, Device::Cpu)));
            assert!(
                transformed(&x, &net.theta(&weights, &x, &mut Mode::Evaluate))
                    .allclose(&x, 1e-5, 1e-5, false)
            );
            assert_eq!(net.forward(&weights, &buffers, &x, Mode::Evaluate).logits.size(), [2, 5]);
        }
        let small = Sizes { input: [1, 15, 32], classes: 5 };
        assert!(Stn::new(small).unwrap_err().to_string().contains("at least 16"));
    }

    #[test]
    fn the_transformer_begins_as_the_identity() {
        let (weights, _) = Stn::gtsrb().init(&mut noise(0));
        let x = images(3);
        let theta = Stn::gtsrb().theta(&weights, &x, &mut Mode::Evaluate);
        assert!(transformed(&x, &theta).allclose(&x, 1e-5, 1e-5, false));
    }

    #[test]
    fn a_shift_reads_from_beside_and_zeros_from_outside() {
        let x = images(1);
        // In a grid of 32 with corners at -1 and 1, a pixel is 2/31 wide.
        let shift = [1f32, 0.0, 2.0 / 31.0, 0.0, 1.0, 0.0];
        let moved = transformed(&x, &Tensor::from_slice(&shift).reshape([1, 2, 3]));
        assert!(moved.narrow(3, 0, 31).allclose(&x.narrow(3, 1, 31), 1e-4, 1e-4, false));
        assert!(moved.select(3, 31).abs().max().double_value(&[]) < 1e-4);
    }

    #[test]
    fn training_moves_the_statistics_that_it_returns_and_not_those_it_was_given() {
        let (weights, buffers) = Stn::gtsrb().init(&mut noise(0));
        let (before, x) = (buffers.duplicate(), images(4));
        let masks = &mut noise(3).for_images(&[0, 1, 2, 3]);
        let forward = Stn::gtsrb().forward(&weights, &buffers, &x, Mode::Train { masks });
        let moved = forward.buffers.unwrap();
        for ((a, b), c) in buffers.tensors().iter().zip(before.tensors()).zip(moved.tensors()) {
            assert_eq!(a, b);
            assert_ne!(a, c);
        }
        assert!(Stn::gtsrb().forward(&weights, &buffers, &x, Mode::Evaluate).buffers.is_none());
    }

    #[test]
    fn in_evaluation_an_image_has_the_same_logits_alone_and_among_others() {
        let (weights, buffers) = Stn::gtsrb().init(&mut noise(0));
        let x = images(5);
        let of = |x: &Tensor| Stn::gtsrb().forward(&weights, &buffers, x, Mode::Evaluate).logits;
        assert!(of(&x).narrow(0, 2, 1).allclose(&of(&x.narrow(0, 2, 1)), 1e-4, 1e-5, false));
    }
}
