//! The curvature of a network's loss, layer by layer.

use super::{Likelihood, Structure};
use bal_core::{
    Architecture, Batch, Member, NoiseKey, NoiseStream, Position, Purpose, Replicate, Tap, Tapped,
    TrainError, Workers,
};
use tch::{Device, Kind, Tensor};

/// Numbers that a layer may take or give for a Kronecker factor of it: 0.5 GiB in double precision, minutes of decomposition.
const LARGEST_FACTOR: i64 = 8192;

/// The Fisher information of each layer, as images add up to it.
///
/// For an image, let `a` be what the layer takes, with a 1 for the bias, and `g` the gradient of `-log p(y)` at what it gives,
/// y drawn from the network's own prediction. Means are over images; sums and the second mean over positions p, of which a
/// dense layer has one.
///
/// ```text
/// kron:      F = A (x) G,    A = mean sum_p a_p a_p',    G = mean mean_p g_p g_p'
/// diagonal:  F_oi = mean ( sum_p g_po a_pi )^2
/// ```
///
/// A Kronecker product of means is not the mean of Kronecker products; it is for one image and one position, and where inputs
/// and gradients are independent, as in a linear regression. For convolutions it further takes gradients at different
/// positions for uncorrelated, and inputs and gradients for independent.
///
/// Sums are in double precision, shard by shard in the order of the images: the same bits on any number of threads.
///
/// Source: Ritter, Botev & Barber, ICLR 2018, after Martens & Grosse, ICML 2015 (dense layers); Grosse & Martens, ICML 2016
/// (convolutions).
#[derive(Debug)]
pub struct Curvature {
    structure: Structure,
    layers: Vec<Layer>,
    images: u64,
}

/// The sums of a layer.
#[derive(Debug)]
pub(super) struct Layer {
    /// The number of its weight among the parameters.
    pub(super) weight: usize,
    /// The number of its bias.
    pub(super) bias: usize,
    /// Kronecker: A `[inputs + 1, inputs + 1]` and G `[outputs, outputs]`. Diagonal: F `[outputs, inputs + 1]`. Not yet divided
    /// by the number of images.
    sums: Vec<Tensor>,
}

impl Curvature {
    /// The curvature of `network` before the first image.
    ///
    /// # Errors
    /// [`TrainError::Network`] when the network has no taps, or a layer too large for a Kronecker factor.
    pub fn new(structure: Structure, network: &dyn Architecture) -> Result<Self, TrainError> {
        let zeros = |size| Tensor::zeros(size, (Kind::Double, Device::Cpu));
        let layers =
            places(structure, network)?.into_iter().map(|Place { weight, bias, inputs, outputs }| {
                let sums = match structure {
                    Structure::Kron => vec![zeros([inputs; 2]), zeros([outputs; 2])],
                    Structure::Diagonal => vec![zeros([outputs, inputs])],
                };
                Layer { weight, bias, sums }
            });
        Ok(Self { structure, layers: layers.collect(), images: 0 })
    }

    /// Refuses what [`Self::new`] refuses.
    ///
    /// # Errors
    /// Those of [`Self::new`].
    pub fn check(structure: Structure, network: &dyn Architecture) -> Result<(), TrainError> {
        places(structure, network).map(drop)
    }

    /// Adds images, with answers drawn by `noise`, and returns what the network says of them, `[n, outputs]`.
    ///
    /// `member`: of the network that the curvature is of, at the weights that it is taken at.
    ///
    /// # Errors
    /// [`TrainError::Network`] when the network has no taps, or its outputs are not finite.
    pub fn add(
        &mut self,
        member: &Member,
        batch: &Batch,
        likelihood: &dyn Likelihood,
        noise: &NoiseStream,
        workers: &Workers,
    ) -> Result<Tensor, TrainError> {
        let shard = |batch: Batch| {
            let noise = noise.for_images(&batch.indices);
            (member.replicate(), batch, noise)
        };
        let structure = self.structure;
        let tasks = batch.shards(workers.shard(batch.len())).into_iter().map(shard).collect();
        let passes = workers.map(tasks, |(member, batch, mut noise): (Member, Batch, NoiseStream)| {
            pass(structure, &member, &batch.x, likelihood, &mut noise)
        });
        let mut logits = Vec::new();
        for pass in passes {
            let (outputs, sums) = pass.ok_or_else(|| without_taps(&*member.network))?;
            for (layer, more) in self.layers.iter_mut().zip(sums) {
                for (sum, more) in layer.sums.iter_mut().zip(&more) {
                    *sum += more;
                }
            }
            logits.push(outputs);
        }
        self.images += batch.len() as u64;
        let logits = Tensor::cat(&logits, 0);
        if !bool::try_from(logits.isfinite().all()).unwrap_or(false) {
            return Err(unsuited(
                &*member.network,
                "what it says of some images is not finite; start from other weights",
            ));
        }
        Ok(logits)
    }

    /// Images added so far.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// How it is approximated.
    pub fn structure(&self) -> Structure {
        self.structure
    }

    /// The factors of each layer, in the order of the pass, means over the images: A and G, or the diagonal F.
    pub fn factors(&self) -> Vec<Vec<Tensor>> {
        let mean = |sum: &Tensor| sum / self.images as f64;
        self.layers.iter().map(|layer| layer.sums.iter().map(mean).collect()).collect()
    }

    /// The layers.
    pub(super) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Takes the sums of so many images, as [`Self::sums`] gave them.
    ///
    /// # Errors
    /// A name that has no use here, or of which the size is another.
    pub(super) fn restore(&mut self, images: u64, sums: &[(String, Tensor)]) -> Result<(), TrainError> {
        let expected = self.sums();
        let names = |sums: &[(String, Tensor)]| {
            sums.iter().map(|(name, sum)| (name.clone(), sum.size())).collect::<Vec<_>>()
        };
        let fits = names(sums) == names(&expected);
        if !fits {
            return Err(TrainError::Checkpoint("its sums are not those of this network's layers".into()));
        }
        for (sum, (_, kept)) in self.layers.iter_mut().flat_map(|layer| &mut layer.sums).zip(sums) {
            *sum = kept.copy();
        }
        self.images = images;
        Ok(())
    }

    /// The sums, by names for a checkpoint.
    pub(super) fn sums(&self) -> Vec<(String, Tensor)> {
        let of = |(i, layer): (usize, &Layer)| {
            let named = |(k, sum): (usize, &Tensor)| (format!("curvature.{i}.{k}"), sum.copy());
            layer.sums.iter().enumerate().map(named).collect::<Vec<_>>()
        };
        self.layers.iter().enumerate().flat_map(of).collect()
    }
}

/// What one shard adds, layer by layer, and what the network says of it; `None` of a network without taps.
fn pass(
    structure: Structure,
    member: &Member,
    x: &Tensor,
    likelihood: &dyn Likelihood,
    noise: &mut NoiseStream,
) -> Option<(Tensor, Vec<Vec<Tensor>>)> {
    let leaf = |weight: &Tensor| weight.detach().set_requires_grad(true);
    let leaves = Position::of_leaves(member.parameters.tensors().iter().map(leaf).collect());
    let Tapped { logits, taps } = member.network.taps(&leaves, &member.buffers, x)?;
    let outputs: Vec<&Tensor> = taps.iter().map(|tap| &tap.output).collect();
    let gradients = Tensor::run_backward(&[likelihood.drawn(&logits, noise)], &outputs, false, false);
    let sums = taps.iter().zip(&gradients).map(|(tap, gradient)| sums(structure, tap, gradient));
    Some((logits.detach(), sums.collect()))
}

/// What the images of a pass add to a layer's sums.
fn sums(structure: Structure, tap: &Tap, gradient: &Tensor) -> Vec<Tensor> {
    let inputs = tap.inputs.to_kind(Kind::Double);
    let (n, positions, _) = inputs.size3().expect("inputs have three dimensions");
    let a = Tensor::cat(&[&inputs, &inputs.new_ones([n, positions, 1], (Kind::Double, inputs.device()))], 2);
    // [n, outputs, positions].
    let g = gradient.reshape([n, -1, positions]).to_kind(Kind::Double);
    let sums = match structure {
        Structure::Kron => {
            let a = a.flatten(0, 1);
            let g = g.transpose(1, 2).flatten(0, 1);
            vec![a.tr().matmul(&a), g.tr().matmul(&g) / positions as f64]
        }
        // The square of a product is the product of the squares.
        Structure::Diagonal if positions == 1 => {
            vec![g.squeeze_dim(2).square().tr().matmul(&a.squeeze_dim(1).square())]
        }
        Structure::Diagonal => vec![g.bmm(&a).square().sum_dim_intlist(0, false, Kind::Double)],
    };
    sums.into_iter().map(|sum| sum.to_device(Device::Cpu)).collect()
}

/// Where a layer is among the parameters, and how large it is.
struct Place {
    weight: usize,
    bias: usize,
    /// With the 1 for the bias.
    inputs: i64,
    outputs: i64,
}

/// The layers of `network`, by a pass of one black image through initial weights.
fn places(structure: Structure, network: &dyn Architecture) -> Result<Vec<Place>, TrainError> {
    let key = NoiseKey { seed: 0, purpose: Purpose::Initialisation, sweep: 0, chain: 0 };
    let (parameters, buffers) = network.init(&mut NoiseStream::new(key));
    let [channels, height, width] = network.input();
    let image = Tensor::zeros([1, channels, height, width], (Kind::Float, Device::Cpu));
    let tapped = network.taps(&parameters, &buffers, &image).ok_or_else(|| without_taps(network))?;
    let place = |tap: &Tap| {
        let (inputs, outputs) = (tap.inputs.size()[2] + 1, tap.output.size()[1]);
        let largest = inputs.max(outputs);
        if structure == Structure::Kron && largest > LARGEST_FACTOR {
            let why = format!(
                "a Kronecker factor of a layer would have {largest} rows, and may have {LARGEST_FACTOR}; take \
                 `structure = \"diagonal\"`"
            );
            return Err(unsuited(network, &why));
        }
        Ok(Place { weight: tap.weight, bias: tap.bias, inputs, outputs })
    };
    tapped.taps.iter().map(place).collect()
}

fn without_taps(network: &dyn Architecture) -> TrainError {
    let why = "it does not tell what its layers take and give; `cnn`, `cnn-wide`, `mlp-..` and `tramer-..` do, in fp32";
    unsuited(network, why)
}

/// The refusal of a network.
pub(super) fn unsuited(network: &dyn Architecture, why: &str) -> TrainError {
    TrainError::Network { method: "laplace", network: network.name().into(), why: why.into() }
}
