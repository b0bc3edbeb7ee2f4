//! Networks as functions of their weights.

use crate::{NoiseStream, Position, Stacked, Tapped, TrainError};
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

/// What a network is for, and with it what a pass gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It tells classes apart: logits, `[n, classes]`.
    Classifier,
    /// It says in which direction each pixel of an image is changed: `[n, c, h, w]`, in `[-1, 1]`. Its first buffer is the
    /// radius that it was trained for, `[1]`.
    Generator,
    /// It tells images of the data from those that a generator changed: `[n, 1]`, the log-odds that an image is of the data.
    Discriminator,
    /// It says a value of each row of a table, and how far off it may be: `[n, 2]`, the mean of a normal law and the
    /// logarithm of its standard deviation.
    Regressor,
}

impl Role {
    /// Refuses a `network` of another role than this one, which `method` trains.
    ///
    /// # Errors
    /// [`TrainError::Network`].
    pub fn check(self, method: &'static str, network: &dyn Architecture) -> Result<(), TrainError> {
        if network.role() == self {
            return Ok(());
        }
        let why = match self {
            Self::Classifier => "it tells no classes apart; take a network that does",
            Self::Generator => "it changes no images; take advgan-generator",
            Self::Discriminator => {
                "it does not tell images of the data from others; take advgan-discriminator"
            }
            Self::Regressor => "it says no values; its experiment needs [regression]",
        };
        Err(TrainError::Network { method, network: network.name().into(), why: why.into() })
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
    /// Raw logits, `[n, classes]`; what a network of another [`Role`] gives instead.
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

    /// Number of classes; of a network of another [`Role`] that of the images that it is for.
    fn classes(&self) -> i64;

    /// Channels, height and width of an image.
    fn input(&self) -> [i64; 3];

    /// What it is for. Provided: it is a classifier.
    fn role(&self) -> Role {
        Role::Classifier
    }

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

    /// Why its gradients have other bits each time on CUDA, where they have. Provided: they have not.
    fn unrepeatable_on_cuda(&self) -> Option<&'static str> {
        None
    }

    /// Initial weights and buffers.
    fn init(&self, noise: &mut NoiseStream) -> (Position, Position);

    /// Logits of `x`, `[n, c, h, w]`, pixels in `[0, 1]`; differentiable in weights and images.
    fn forward(&self, parameters: &Position, buffers: &Position, x: &Tensor, mode: Mode) -> Forward;

    /// Logits of several chains of this network for the same images, `[S, n, classes]`; differentiable in weights and images.
    ///
    /// In training `mode` has the streams of masks of all chains, chain by chain, `S n` in all. The logits are those of
    /// [`Self::forward`] up to rounding; where batch statistics move, nobody learns how. Provided: one chain after another.
    fn forward_stacked(&self, weights: &Stacked, x: &Tensor, mode: Mode) -> Tensor {
        let logits = |chain, mode| {
            let (parameters, buffers) = weights.chain(chain);
            self.forward(&parameters, &buffers, x, mode).logits
        };
        let chains = 0..weights.chains();
        let logits: Vec<Tensor> = match mode {
            Mode::Evaluate => chains.map(|chain| logits(chain, Mode::Evaluate)).collect(),
            Mode::Train { masks } => {
                let images = x.size()[0] as usize;
                let mut pieces = masks.cut(chains.clone().map(|_| images));
                let of = |(chain, masks)| logits(chain, Mode::Train { masks });
                let logits = chains.zip(&mut pieces).map(of).collect();
                masks.join(pieces);
                logits
            }
        };
        Tensor::stack(&logits, 0)
    }

    /// What [`Self::forward`] gives in evaluation mode, with what each layer takes and gives: the logits of [`Self::forward`] up to rounding,
    /// and layers that have every parameter. Provided for a network that cannot tell: `None`.
    fn taps(&self, _parameters: &Position, _buffers: &Position, _x: &Tensor) -> Option<Tapped> {
        None
    }
}
