//! `AdvGAN`: training of a network that attacks.

mod discriminator;
mod generator;
mod learner;
mod method;
mod settings;

pub use method::Advgan;
pub use settings::{AdvganLoss, AdvganSettings};
