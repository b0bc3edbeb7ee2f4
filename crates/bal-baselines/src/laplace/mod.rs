//! The Laplace approximation: a Gaussian around trained weights.

mod curvature;
mod gaussian;
mod learner;
mod likelihood;
mod method;
mod search;
mod settings;

pub use curvature::Curvature;
pub use gaussian::{Gaussian, Width};
pub use likelihood::{Categorical, Likelihood, Normal};
pub use method::Laplace;
pub use settings::{LaplaceSettings, SearchSettings, Structure};
