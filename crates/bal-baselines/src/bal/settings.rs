//! Settings of Bayesian adversarial learning, and their units.

use crate::{Epochs, NetworkMode, TraceSettings};
use bal_samplers::{PsgldSettings, SgadahmcSettings, SgadaldSettings, SghmcSettings, SgldSettings, StepSize};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of [`crate::Bal`].
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalSettings {
    /// Passes over the training images and batch size; a batch is a sweep.
    pub schedule: Epochs,
    /// Data chains for each image, `S_z` of the paper; at least 1.
    pub data_chains: u64,
    /// Parameter chains, `S_w` of the paper; at least 1.
    pub parameter_chains: u64,
    /// How data chains move; without it the data stay clean: a Bayesian neural network.
    pub data: Option<DataSettings>,
    /// How parameter chains move.
    pub parameters: ParameterSettings,
    /// States of the parameter chains that become the posterior: the last ones, or thinned ones after a burn-in.
    pub samples: Samples,
    /// How the members predict together: `mean-probability` (eq. 5) or `mean-logits`.
    pub prediction: String,
    /// Gradient that attacks on the posterior follow unless told otherwise: `predictive` or `member-mean`.
    pub ensemble_gradient: String,
    /// How the chains' agreement is measured.
    pub mixing: TraceSettings,
}

impl BalSettings {
    /// Images in the last batch of an epoch of `images` images, where these move by steps at least twice as long as
    /// all others: under [`LossScale::BatchMean`] a step is `e / (n S_z)`. What follows is largest for networks with
    /// batch statistics, which are those of that batch in the end.
    pub fn small_last_batch(&self, images: u64) -> Option<u64> {
        let last = self.schedule.last_batch_size(images);
        let scaled = self.data.is_some_and(|data| data.loss_scale == LossScale::BatchMean);
        (scaled && images > 0 && 2 * last <= self.schedule.batch_size as u64).then_some(last)
    }
}

/// How adversarial data move: stochastic gradient Langevin dynamics on eq. 6.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSettings {
    /// Inner steps of each data chain in a sweep, M of the paper; at least 1.
    pub steps: u64,
    /// Energy that step size, cost weight and temperature of the data refer to.
    pub loss_scale: LossScale,
    /// Step size e of the data chains, in pixels squared per unit of energy: a number, or `{ first, ratio }`.
    pub step_size: StepSize,
    /// Weight alpha of the cost `|z - x|^2`, in energy per pixel squared; >= 0.
    pub cost_weight: f64,
    /// Temperature T of the data chains, in units of their energy; >= 0. With 0 they climb without noise.
    pub temperature: f64,
    /// Where the data chains of a batch begin.
    pub start: DataStart,
}

/// The unit of an image's energy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossScale {
    /// `U(z) = - sum_s [ l - alpha c ]` of one image: eq. 6.
    PerImage,
    /// The loss is a mean over the batch of n images with `S_z` chains each, the cost is not:
    /// `U(z) = - sum_s [ l / (n S_z) - alpha c ]`. The same as a per-image energy with step
    /// `e / (n S_z)`, cost weight `n S_z alpha` and temperature `n S_z T`: what the released code did.
    BatchMean,
}

/// Where data chains begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataStart {
    /// At the clean image in each sweep (Algorithm 1).
    Clean,
    /// Where they were when the image was last seen: one persistent chain per image and chain.
    /// Keeps all training images as floats in memory and in checkpoints.
    Persistent,
}

/// How weights move: one of the samplers on eq. 7.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParameterSettings {
    /// Inner steps of each parameter chain in a sweep, M of the paper; at least 1.
    pub steps: u64,
    /// Whether dropout and batch statistics act (train) or not (evaluate).
    pub mode: NetworkMode,
    /// Share of the clean images' loss beside the adversarial ones', in `[0, 1]`; 0 is eq. 7.
    pub clean_weight: f64,
    /// Whether an image's loss is the mean over its data chains, or their sum.
    pub reduction: Reduction,
    /// Prior of each weight: flat, or normal with this standard deviation, as `{ gaussian = 0.1 }`.
    pub prior: Prior,
    /// Stochastic gradient Langevin dynamics. Exactly one of this and the following tables is the sampler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sgld: Option<SgldSettings>,
    /// SGLD, preconditioned as `RMSProp` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psgld: Option<PsgldSettings>,
    /// Stochastic gradient Hamiltonian Monte Carlo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sghmc: Option<SghmcSettings>,
    /// Stochastic gradient adaptive Langevin dynamics, the paper's sampler (eq. 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sgadald: Option<SgadaldSettings>,
    /// Stochastic gradient adaptive Hamiltonian Monte Carlo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sgadahmc: Option<SgadahmcSettings>,
}

/// How the losses of an image's data chains are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// Their mean: eq. 7.
    Mean,
    /// Their sum, the clean loss counted once for each: what the released code did.
    Sum,
}

/// The law of the weights before any data.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prior {
    /// None. Improper on a network with `ReLU`s: layers can be scaled against each other.
    Flat,
    /// Each weight normal with this standard deviation, above 0.
    Gaussian(f64),
}

/// Which states of the parameter chains become members of the posterior.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Samples {
    /// The last state of each chain.
    Last,
    /// The states after every `every` sweeps that follow the first `burn_in`.
    Thinned {
        /// Batches before the first sample.
        burn_in: u64,
        /// Batches from one sample to the next, at least 1.
        every: u64,
    },
}
