//! Settings of Bayesian adversarial learning, and their units.

use super::step_cycle::StepCycle;
use crate::{Epochs, FlowSettings, NetworkMode, Prior, SupportSettings, TraceSettings};
use bal_core::{Kernel, TrainError};
use bal_samplers::{Sampler, SamplerError, SgldSettings, StepSize, table_with_samplers};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
    /// One image's own energy (eq. 6), in units of the energy that the settings of the data chains are about, for a batch
    /// of `images` images.
    pub fn energy_per_image(&self, images: usize) -> f64 {
        match self.data.map(|data| data.loss_scale) {
            None | Some(LossScale::PerImage) => 1.0,
            Some(LossScale::BatchMean) => images as f64 * self.data_chains as f64,
        }
    }

    /// Whether each parameter chain has data chains to itself.
    pub(super) fn plays_apart(&self) -> bool {
        self.data.is_some_and(|data| data.sharing == Sharing::PerChain)
    }

    /// Images in the last batch of an epoch of `images` images, where these move by steps at least twice as long as
    /// all others: under [`LossScale::BatchMean`] a step is `e / (n S_z)`. What follows is largest for networks with
    /// batch statistics, which are those of that batch in the end.
    pub fn small_last_batch(&self, images: u64) -> Option<u64> {
        let last = self.schedule.last_batch_size(images);
        let scaled = self.data.is_some_and(|data| data.loss_scale == LossScale::BatchMean);
        (scaled && images > 0 && 2 * last <= self.schedule.batch_size as u64).then_some(last)
    }
}

/// How adversarial data move: one of the samplers on eq. 6.
///
/// In files `step_size` and `temperature` stand beside the others for stochastic gradient Langevin dynamics, the paper's;
/// another sampler has a table in their place, as those of the parameters have: `[bal.data.sghmc]`. What a sampler
/// remembers begins anew in each sweep.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "DataTable", into = "DataTable")]
pub struct DataSettings {
    /// Inner steps of each data chain in a sweep, M of the paper; at least 1.
    pub steps: u64,
    /// Energy that the sampler's settings and the cost weight refer to.
    pub loss_scale: LossScale,
    /// The kernel.
    pub sampler: Sampler,
    /// Weight alpha of the cost `|z - x|^2`, in energy per pixel squared; >= 0.
    pub cost_weight: f64,
    /// Where the data chains of a batch begin.
    pub start: DataStart,
    /// Where their density is not 0: a ball around each image, perhaps with the box of pixels. Absent: everywhere.
    pub support: Option<SupportSettings>,
    /// Whether all parameter chains see the same adversarial data.
    pub sharing: Sharing,
    /// What flows cost, where the adversarial data are images whose pixels are moved. Absent: pixels change.
    pub flow: Option<FlowSettings>,
}

table_with_samplers!(DataTable {
    /// Inner steps of each data chain in a sweep, M of the paper; at least 1.
    steps: u64,
    /// Energy that the sampler's settings and the cost weight refer to.
    loss_scale: LossScale,
    /// Step size e of the data chains, in pixels squared per unit of energy: a number, or `{ first, ratio }`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step_size: Option<StepSize>,
    /// Weight alpha of the cost `|z - x|^2`, in energy per pixel squared; >= 0.
    cost_weight: f64,
    /// Temperature T of the data chains, in units of their energy; >= 0. With 0 they climb without noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    /// Where the data chains of a batch begin.
    start: DataStart,
    /// Where their density is not 0: a ball around each image, perhaps with the box of pixels. Absent: everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    support: Option<SupportSettings>,
    /// Whether all parameter chains see the same adversarial data: `shared` where it is not said.
    #[serde(default, skip_serializing_if = "Sharing::is_shared")]
    sharing: Sharing,
    /// What flows cost, where the adversarial data are images whose pixels are moved: `{ total_variation = { smoothing = 0.01 } }`
    /// or `{ quadratic = { stiffness = 4.0 } }`. `step_size`, `start` and `support` are then about displacements in pixels.
    /// Absent: pixels change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flow: Option<FlowSettings>,
});

table_with_samplers!(ParameterTable {
    /// Inner steps of each parameter chain in a sweep, M of the paper; at least 1.
    steps: u64,
    /// Whether dropout and batch statistics act (train) or not (evaluate).
    mode: NetworkMode,
    /// Share of the clean images' loss beside the adversarial ones', in `[0, 1]`; 0 is eq. 7.
    clean_weight: f64,
    /// Whether an image's loss is the mean over its data chains, or their sum.
    reduction: Reduction,
    /// Energy that the sampler's settings are about: the `mean` over the training images, where it is not said, or their
    /// `sum`, of which temperature 1 is the posterior.
    #[serde(default, skip_serializing_if = "ParameterEnergy::is_mean")]
    energy: ParameterEnergy,
    /// Prior of each weight: `"flat"`, `{ gaussian = 0.1 }` with its standard deviation, `{ laplace = 0.07 }` with its scale,
    /// `{ student_t = { scale = 0.06, degrees = 3.0 } }`, or `{ hierarchical = { shape = 1.0, rate = 0.01 } }`, whose precisions
    /// are sampled too.
    prior: Prior,
    /// Cycles of the step size, by cosines. Absent: it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step_cycle: Option<StepCycle>,
});

impl TryFrom<ParameterTable> for ParameterSettings {
    type Error = SamplerError;

    fn try_from(table: ParameterTable) -> Result<Self, SamplerError> {
        let sampler = Sampler::only(&table.samplers())?;
        let ParameterTable { steps, mode, clean_weight, reduction, energy, prior, step_cycle, .. } = table;
        Ok(Self { steps, mode, clean_weight, reduction, energy, prior, step_cycle, sampler })
    }
}

impl From<ParameterSettings> for ParameterTable {
    fn from(settings: ParameterSettings) -> Self {
        let ParameterSettings { steps, mode, clean_weight, reduction, energy, prior, step_cycle, sampler } =
            settings;
        Self::new(Some(sampler), steps, mode, clean_weight, reduction, energy, prior, step_cycle)
    }
}

impl TryFrom<DataTable> for DataSettings {
    type Error = String;

    fn try_from(table: DataTable) -> Result<Self, String> {
        let samplers = table.samplers();
        let DataTable {
            steps,
            loss_scale,
            step_size,
            cost_weight,
            temperature,
            start,
            support,
            sharing,
            flow,
            ..
        } = table;
        let sampler = match (step_size, temperature) {
            (None, None) if !samplers.is_empty() => Sampler::only(&samplers).map_err(|e| e.to_string())?,
            _ if !samplers.is_empty() => {
                return Err("step_size and temperature belong into the sampler's table".into());
            }
            (Some(step_size), Some(temperature)) => Sampler::Sgld(SgldSettings { step_size, temperature }),
            (None, _) => return Err("missing field `step_size`".into()),
            (_, None) => return Err("missing field `temperature`".into()),
        };
        Ok(Self { steps, loss_scale, sampler, cost_weight, start, support, sharing, flow })
    }
}

impl From<DataSettings> for DataTable {
    fn from(settings: DataSettings) -> Self {
        let DataSettings { steps, loss_scale, sampler, cost_weight, start, support, sharing, flow } =
            settings;
        let (step_size, temperature, other) = match sampler {
            Sampler::Sgld(s) => (Some(s.step_size), Some(s.temperature), None),
            other => (None, None, Some(other)),
        };
        Self::new(
            other,
            steps,
            loss_scale,
            step_size,
            cost_weight,
            temperature,
            start,
            support,
            sharing,
            flow,
        )
    }
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
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataStart {
    /// At the clean image in each sweep (Algorithm 1).
    Clean,
    /// Where they were when the image was last seen: one persistent chain per image and chain.
    /// Keeps all training images as floats in memory and in checkpoints.
    Persistent,
    /// Anywhere in the support with the same probability, anew in each sweep.
    Uniform,
    /// At the clean image and normal noise of this standard deviation, above 0, brought into the support; anew in each
    /// sweep. As `{ noise = 0.01 }`.
    Noise(f64),
}

/// Which parameter chains an adversarial image is made against, and which learn from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// One set of `S_z` data chains, against all parameter chains and for all of them: Algorithm 1.
    #[default]
    Shared,
    /// `S_z` data chains for each parameter chain, against it and for it alone: `S_w` games that do not meet.
    PerChain,
}

impl Sharing {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_shared(&self) -> bool {
        *self == Self::Shared
    }
}

/// How weights move: one of the samplers on eq. 7.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(try_from = "ParameterTable", into = "ParameterTable")]
pub struct ParameterSettings {
    /// Inner steps of each parameter chain in a sweep, M of the paper; at least 1.
    pub steps: u64,
    /// Whether dropout and batch statistics act (train) or not (evaluate).
    pub mode: NetworkMode,
    /// Share of the clean images' loss beside the adversarial ones', in `[0, 1]`; 0 is eq. 7.
    pub clean_weight: f64,
    /// Whether an image's loss is the mean over its data chains, or their sum.
    pub reduction: Reduction,
    /// Energy that the sampler's settings are about: the `mean` over the training images, where it is not said, or their
    /// `sum`, of which temperature 1 is the posterior.
    pub energy: ParameterEnergy,
    /// Prior of each weight: `"flat"`, `{ gaussian = 0.1 }` with its standard deviation, `{ laplace = 0.07 }` with its scale,
    /// `{ student_t = { scale = 0.06, degrees = 3.0 } }`, or `{ hierarchical = { shape = 1.0, rate = 0.01 } }`, whose precisions
    /// are sampled too.
    pub prior: Prior,
    /// Cycles of the step size, by cosines. Absent: it stays.
    pub step_cycle: Option<StepCycle>,
    /// The kernel: in files the one table that is there, `[bal.parameters.sgadald]`.
    pub sampler: Sampler,
}

impl ParameterSettings {
    /// The kernel of sweep number `sweep`, counted from 1, for gradients of the mean over `images` training images, which is
    /// what [`crate::Risk`] gives.
    ///
    /// # Errors
    /// [`TrainError::Setting`] naming the first setting of the sampler that is out of its range.
    pub(super) fn kernel(&self, sweep: u64, images: u64) -> Result<Arc<dyn Kernel>, TrainError> {
        let sampler = self.sampler_in(sweep);
        let kernel = match self.energy {
            ParameterEnergy::Mean => sampler.kernel(),
            ParameterEnergy::Sum => sampler.kernel_in_unit(1.0 / images as f64),
        };
        kernel.map_err(|e| refused(&format!("parameters.{}", sampler.name()), &e))
    }

    /// The sampler with the step size of sweep number `sweep`.
    pub(super) fn sampler_in(&self, sweep: u64) -> Sampler {
        self.step_cycle.map_or(self.sampler, |cycle| self.sampler.with_steps_times(cycle.factor(sweep)))
    }
}

/// The energy that the settings of the parameter chains' sampler are about: its temperature, its steps, and the sizes of
/// gradients that its preconditioner begins with and is kept above.
///
/// In files `"mean"` or `"sum"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterEnergy {
    /// The mean over the N training images. Temperature 1/N is the posterior.
    #[default]
    Mean,
    /// The sum over them, the energy of the posterior itself: temperature 1. Gradients are N times as large, and samplers
    /// that follow their squares have the units of Springenberg et al., NeurIPS 2016.
    Sum,
}

impl ParameterEnergy {
    /// As in files: `mean` or `sum`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Sum => "sum",
        }
    }

    /// The posterior temperature that a temperature of 1 is, given `images` training images: N, or 1.
    pub fn posterior_temperature(self, images: u64) -> f64 {
        match self {
            Self::Mean => images as f64,
            Self::Sum => 1.0,
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_mean(&self) -> bool {
        *self == Self::Mean
    }
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

impl Samples {
    /// Whether the states after sweep number `sweep` (counted from 1) are kept on the way.
    pub(super) fn keeps(self, sweep: u64) -> bool {
        match self {
            Self::Last => false,
            Self::Thinned { burn_in, every } => sweep > burn_in && (sweep - burn_in).is_multiple_of(every),
        }
    }
}

/// The refusal of a sampler's setting in the table `setting`.
pub(super) fn refused(setting: &str, error: &impl std::fmt::Display) -> TrainError {
    TrainError::Setting { setting: setting.into(), value: "(as given)".into(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_begin_after_the_burn_in_and_are_thinned() {
        let samples = Samples::Thinned { burn_in: 3, every: 2 };
        assert_eq!((1..=9).filter(|&sweep| samples.keeps(sweep)).collect::<Vec<_>>(), [5, 7, 9]);
        assert!(!(1..=9).any(|sweep| Samples::Last.keeps(sweep)));
    }
}
