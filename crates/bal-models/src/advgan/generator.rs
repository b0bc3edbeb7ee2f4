//! The network that changes images.

use super::{
    checked,
    layer::{Layer, Sides},
};
use crate::{ModelError, Sizes, init::Init};
use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, Role, TensorSpec};
use tch::{Device, Kind, Tensor};

/// How many residual blocks there are.
const BLOCKS: usize = 4;

/// A convolutional network that says in which direction each pixel of an image is changed.
///
/// ```text
/// conv 8 3x3;  conv 16 3x3, stride 2;  conv 32 3x3, stride 2
/// 4 times:  x + conv 32 3x3(ReLU(conv 32 3x3(x)))
/// transposed conv 16 3x3, stride 2;  transposed conv 8 3x3, stride 2;  conv channels 3x3;  tanh
/// ```
///
/// Each convolution but the last has an instance norm, and `ReLU` but for the second one of a block. The output is
/// `[n, c, h, w]` in `[-1, 1]`; the adversarial image is `clip(x + r output, 0, 1)`. So it is in the ball and in the box,
/// whatever the weights are, and does not depend on the other images of the batch.
///
/// Images have any number of channels, and sides that are multiples of 4, at least 16. `classes` are those of the images; no
/// weight depends on them. One buffer, `radius`, is the radius r that the weights were trained for; it begins at 0.
///
/// Source: Xiao et al., Generating Adversarial Examples with Adversarial Networks, IJCAI 2018 (`AdvGAN`).
#[derive(Clone, Debug)]
pub struct AdvganGenerator {
    sizes: Sizes,
    layers: Vec<Layer>,
}

impl AdvganGenerator {
    /// The name in files and experiments.
    pub const NAME: &'static str = "advgan-generator";

    /// The network for images of these sizes.
    ///
    /// # Errors
    /// [`ModelError::Sizes`] for sides that are less than 16 or no multiple of 4.
    pub fn new(sizes: Sizes) -> Result<Self, ModelError> {
        let sizes = checked(Self::NAME, sizes)?;
        let mut layers = vec![
            Layer::new("down1", sizes.input[0], 8, Sides::Keeps),
            Layer::new("down2", 8, 16, Sides::Halves),
            Layer::new("down3", 16, 32, Sides::Halves),
        ];
        for block in 1..=BLOCKS {
            for half in 1..=2 {
                layers.push(Layer::new(format!("block{block}.conv{half}"), 32, 32, Sides::Keeps));
            }
        }
        layers.push(Layer::new("up1", 32, 16, Sides::Doubles));
        layers.push(Layer::new("up2", 16, 8, Sides::Doubles));
        Ok(Self { sizes, layers })
    }

    /// The shape of the last convolution.
    fn last(&self) -> [i64; 4] {
        [self.sizes.input[0], 8, 3, 3]
    }
}

impl Architecture for AdvganGenerator {
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
        Role::Generator
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        let mut specs: Vec<TensorSpec> = self.layers.iter().flat_map(Layer::parameters).collect();
        specs.push(TensorSpec::new("last.weight", &self.last()));
        specs.push(TensorSpec::new("last.bias", &self.last()[..1]));
        specs
    }

    fn buffers(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("radius", &[1])]
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let mut tensors: Vec<Tensor> = self.layers.iter().flat_map(|layer| layer.init(noise)).collect();
        tensors.extend(Init::FanIn.layer(&self.last(), noise));
        (Position::new(tensors), Position::new(vec![Tensor::zeros([1], (Kind::Float, Device::Cpu))]))
    }

    /// The same in every mode: nothing is dropped, and there are no batch statistics.
    fn forward(&self, parameters: &Position, _buffers: &Position, x: &Tensor, _mode: Mode) -> Forward {
        let (normed, last) = parameters.tensors().split_at(self.layers.len() * Layer::TENSORS);
        let mut tensors = normed.chunks(Layer::TENSORS);
        let mut layers = self.layers.iter();
        let mut next = |x: &Tensor| match (layers.next(), tensors.next()) {
            (Some(layer), Some(tensors)) => layer.forward(tensors, x),
            layer => unreachable!("the layers are counted: {layer:?}"),
        };
        let mut h = x.shallow_clone();
        for _ in 0..3 {
            h = next(&h).relu();
        }
        for _ in 0..BLOCKS {
            let inner = next(&h).relu();
            // Not in place: what `ReLU` gave is needed on the way back.
            h = &h + next(&inner);
        }
        for _ in 0..2 {
            h = next(&h).relu();
        }
        let [weight, bias] = last else { unreachable!("the last layer has a weight and a bias") };
        let h = h.conv2d(weight, Some(bias), [1, 1], [1, 1], [1, 1], 1);
        Forward { logits: h.tanh(), buffers: None }
    }
}
