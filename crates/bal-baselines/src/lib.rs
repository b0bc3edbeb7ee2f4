//! Bayesian adversarial learning and the methods it is compared with.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod adversarial_training;
mod advgan;
mod bal;
mod chain_start;
mod cross_entropy;
mod data_energies;
mod data_energy;
mod epochs;
mod flows;
mod gaussian_error;
mod held_out;
mod laplace;
mod objective;
mod perturb;
mod pixels;
mod precisions;
mod prior;
mod risk;
mod risks;
mod settings;
mod sources;
mod start;
mod support;
mod traces;
mod wrm;

pub use adversarial_training::{AdversarialTraining, Labels};
pub use advgan::{Advgan, AdvganLoss, AdvganSettings};
pub use bal::{
    Bal, BalSettings, DataSettings, DataStart, LossScale, ParameterEnergy, ParameterSettings, Reduction,
    Samples, Sharing, StepCycle,
};
pub use chain_start::ChainStart;
pub use cross_entropy::CrossEntropy;
pub use data_energies::DataEnergies;
pub use data_energy::DataEnergy;
pub use flows::{FlowSettings, Flows};
pub use gaussian_error::GaussianError;
pub use held_out::accuracy;
pub use laplace::{
    Categorical, Curvature, Gaussian, Laplace, LaplaceSettings, Likelihood, Normal, SearchSettings,
    Structure, Width,
};
pub use pixels::Pixels;
pub use precisions::{GammaDraw, PrecisionEnergy};
pub use prior::{GammaPrior, Prior, PriorEnergy, StudentT};
pub use risk::{Risk, Term};
pub use risks::Risks;
pub use settings::{Epochs, LastBatch, NetworkMode, TraceSettings};
pub use sources::Sources;
pub use support::{Boundary, Support, SupportSettings};
pub use wrm::{Wrm, WrmSettings};
