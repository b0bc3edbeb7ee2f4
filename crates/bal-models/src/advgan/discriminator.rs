//! The network that tells changed images from the data.

use super::{
    checked,
    layer::{Layer, Sides},
};
use crate::{ModelError, Sizes, init::Init};
use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, Role, TensorSpec};
use tch::Tensor;

/// The slope of a leaky `ReLU` below 0.
const SLOPE: f64 = 0.2;

/// A convolutional network that says how likely an image is of the data, and not changed by a generator.
///
/// ```text
/// conv 8 4x4, stride 2;  conv 16 4x4, stride 2;  conv 32 4x4, stride 2;  FC 1
/// ```
///
/// Each convolution has an instance norm and a leaky `ReLU` with slope 0.2. The output, `[n, 1]`, are the log-odds that an image
/// is of the data: `D = sigmoid(output)`. An image's output does not depend on the other images of the batch.
///
/// Images have any number of channels, and sides that are multiples of 4, at least 16. `classes` are those of the images; no
/// weight depends on them.
///
/// Source: Xiao et al., Generating Adversarial Examples with Adversarial Networks, IJCAI 2018 (`AdvGAN`).
#[derive(Clone, Debug)]
pub struct AdvganDiscriminator {
    sizes: Sizes,
    layers: [Layer; 3],
}

impl AdvganDiscriminator {
    /// The name in files and experiments.
    pub const NAME: &'static str = "advgan-discriminator";

    /// The network for images of these sizes.
    ///
    /// # Errors
    /// [`ModelError::Sizes`] for sides that are less than 16 or no multiple of 4.
    pub fn new(sizes: Sizes) -> Result<Self, ModelError> {
        let sizes = checked(Self::NAME, sizes)?;
        let layers = [
            Layer::new("conv1", sizes.input[0], 8, Sides::HalvesWide),
            Layer::new("conv2", 8, 16, Sides::HalvesWide),
            Layer::new("conv3", 16, 32, Sides::HalvesWide),
        ];
        Ok(Self { sizes, layers })
    }

    /// The shape of the last layer.
    fn last(&self) -> [i64; 2] {
        let [_, height, width] = self.sizes.input;
        [1, 32 * (height / 8) * (width / 8)]
    }
}

impl Architecture for AdvganDiscriminator {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn classes(&self) -> i64 {
        self.sizes.classes
    }

    fn input(&self) -> [i64; 3] {
        self.sizes.input
    }

    fn role(&self) -> Role {
        Role::Discriminator
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        let mut specs: Vec<TensorSpec> = self.layers.iter().flat_map(Layer::parameters).collect();
        specs.push(TensorSpec::new("fc.weight", &self.last()));
        specs.push(TensorSpec::new("fc.bias", &[1]));
        specs
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let mut tensors: Vec<Tensor> = self.layers.iter().flat_map(|layer| layer.init(noise)).collect();
        tensors.extend(Init::FanIn.layer(&self.last(), noise));
        (Position::new(tensors), Position::new(vec![]))
    }

    /// The same in every mode: nothing is dropped, and there are no batch statistics.
    fn forward(&self, parameters: &Position, _buffers: &Position, x: &Tensor, _mode: Mode) -> Forward {
        let (normed, last) = parameters.tensors().split_at(self.layers.len() * Layer::TENSORS);
        let mut h = x.shallow_clone();
        for (layer, tensors) in self.layers.iter().zip(normed.chunks(Layer::TENSORS)) {
            let out = layer.forward(tensors, &h);
            // Leaky ReLU, of which the larger part wins.
            h = out.maximum(&(&out * SLOPE));
        }
        let [weight, bias] = last else { unreachable!("the last layer has a weight and a bias") };
        Forward { logits: h.flatten(1, -1).linear(weight, Some(bias)), buffers: None }
    }
}
