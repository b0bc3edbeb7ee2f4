//! Attacks that move the pixels of an image instead of changing them.

mod attack;
mod cost;
mod measure;
mod pose;
mod warp;

pub use attack::SpatialAttack;
pub use cost::FlowCost;
pub use measure::SpatialMeasure;
