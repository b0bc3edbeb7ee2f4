//! Bayesian adversarial learning: settings, the two conditionals of a batch, and the loop.

mod conditionals;
mod data_chain;
mod learner;
mod method;
mod prior_precisions;
mod settings;
mod step_cycle;

pub use method::Bal;
pub use settings::{
    BalSettings, DataSettings, DataStart, LossScale, ParameterEnergy, ParameterSettings, Reduction, Samples,
    Sharing,
};
pub use step_cycle::StepCycle;
