//! Signs that a classifier hides from attacks, so that its accuracy under them says little.
//!
//! Each check is one function in one file, with the model it should catch in its tests. What a finding
//! means and what to do about it is in `docs/evaluation.md`, under the finding's anchor.
//!
//! Source: the signs are those of Athalye, Carlini & Wagner, ICML 2018, section 3.1, and Carlini et
//! al., "On Evaluating Adversarial Robustness", 2019, section 3.

mod all;
mod black_box;
mod chance;
mod differences;
mod finding;
mod gradients;
mod neighbours;
mod one_step;
mod probabilities;
mod random_outputs;
mod random_search;
mod steps;
mod survivors;
mod unbounded;

pub use all::{Plan, all};
pub use black_box::black_box;
pub use differences::differences;
pub use finding::{Finding, Severity};
pub use gradients::gradients;
pub use neighbours::neighbours;
pub use one_step::one_step;
pub use probabilities::probabilities;
pub use random_outputs::random_outputs;
pub use random_search::RandomSearch;
pub use steps::steps;
pub use survivors::Survivors;
pub use unbounded::unbounded;

#[cfg(test)]
mod tests;
