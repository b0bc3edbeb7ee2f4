//! The small core of Bayesian adversarial learning.
//!
//! Positions that kernels move, keyed noise, energies and their gradients, Gibbs sweeps over
//! blocks of chains, and the traits that classifiers, architectures and training methods meet at.
//! Nothing here knows a particular network, attack or sampler.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod architecture;
mod batch;
mod block_energy;
mod classifier;
mod columns;
mod energy;
mod error;
mod generator;
mod gibbs;
mod image_digest;
mod images;
mod kernel;
mod layout;
mod method;
mod noise;
mod objective;
mod position;
mod posterior;
mod prediction;
mod ranks;
mod shared;
mod stacked;
mod tap;
mod targets;
mod thread_ranks;
mod uncertainty;
mod workers;

pub use architecture::{Architecture, Forward, Mode, Role, TensorSpec};
pub use batch::Batch;
pub use block_energy::{BlockEnergy, BlockEvaluation};
pub use classifier::{Classifier, ClassifierError};
pub use columns::{Column, Columns};
pub use energy::{Aux, Energy, Evaluation, gradients};
pub use error::CoreError;
pub use generator::Generator;
pub use gibbs::{Block, Chain, Conditionals, GibbsError, Given, SweepError, sweep};
pub use image_digest::{ImageDigest, part_digest};
pub use images::Images;
pub use kernel::{Diverged, Kernel, State, Unstable};
pub use layout::channels_last;
pub use method::{ChainState, Checkpoint, Method, Metrics, Progress, Task, TaskNetwork, TrainError};
pub use noise::{NoiseGenerator, NoiseKey, NoiseStream, Purpose};
pub use objective::Objective;
pub use position::Position;
pub use posterior::{LaplaceFit, Member, Posterior, Tried, tensor_prefix};
pub use prediction::{EnsembleGradient, Prediction};
pub use ranks::{Arrived, Carried, Lost, Ranks};
pub use shared::{Replicate, Shared};
pub use stacked::Stacked;
pub use tap::{Tap, Tapped};
pub use targets::Targets;
pub use thread_ranks::ThreadRanks;
pub use uncertainty::Uncertainty;
pub use workers::{Cut, SHARD, TOGETHER, Workers};
