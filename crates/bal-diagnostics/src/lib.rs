#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod diagnosis;
mod draws;
mod ess;
mod quantity;
mod r_hat;
mod ranks;

pub use diagnosis::{Diagnosis, LEAST_PER_CHAIN, MOST_R_HAT};
pub use draws::{Draws, DrawsError, LEAST_DRAWS};
pub use ess::{bulk_ess, tail_ess};
pub use quantity::Quantity;
pub use r_hat::r_hat;
