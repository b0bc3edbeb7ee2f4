//! The paper's figures, drawn again from a results folder.

mod comparison;
mod fig1;
mod methods;
mod runs;
mod scaling;
#[cfg(test)]
pub(crate) mod synthetic;

pub(crate) use comparison::{Comparison, Row, grouped_digits};
pub use fig1::fig1;
pub(crate) use methods::{Method, PGD_NOTE};
pub use scaling::scaling;

/// The names of the run folders that Figure 1 is drawn from, in the order of its legend.
pub const FIG1_RUNS: [&str; 9] =
    ["erm", "fgsm", "ifgsm", "pgd", "wrm", "bnn", "bal-released", "bal-paper", "bal-exact"];
