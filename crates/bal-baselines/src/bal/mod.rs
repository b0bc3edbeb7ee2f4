//! Bayesian adversarial learning: settings, the two conditionals of a batch, and the loop.

mod conditionals;
mod learner;
mod method;
mod sampler;
mod settings;

pub use method::Bal;
pub use settings::{
    BalSettings, DataSettings, DataStart, LossScale, ParameterSettings, Prior, Reduction, Samples,
};
