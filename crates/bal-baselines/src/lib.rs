//! Bayesian adversarial learning and the methods it is compared with.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod adam;
mod adversarial_training;
mod bal;
mod data_energy;
mod epochs;
mod held_out;
mod perturb;
mod risk;
mod settings;
mod start;
mod traces;
mod wrm;

pub use adam::{Adam, AdamSettings};
pub use adversarial_training::AdversarialTraining;
pub use bal::{
    Bal, BalSettings, DataSettings, DataStart, LossScale, ParameterSettings, Prior, Reduction, Samples,
};
pub use data_energy::DataEnergy;
pub use held_out::accuracy;
pub use perturb::SHARD;
pub use risk::{Loss, Risk, Term};
pub use settings::{Epochs, LastBatch, NetworkMode, TraceSettings};
pub use wrm::{Wrm, WrmSettings};
