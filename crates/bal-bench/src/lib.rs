//! The problem that is timed: MNIST, the networks of a posterior, and the settings of two experiments.

#![deny(missing_docs)]

mod arithmetic;
mod measures;
mod problem;

pub use arithmetic::{operations, peak};
pub use measures::{Measure, risk};
pub use problem::{Problem, Sizes};
