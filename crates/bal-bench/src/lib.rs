//! The problem that is timed: MNIST, the networks of a posterior, and the settings of two experiments.

#![deny(missing_docs)]

mod measures;
mod problem;

pub use measures::Measure;
pub use problem::{Problem, Sizes};
