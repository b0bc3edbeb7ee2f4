//! Attacks that move the pixels of an image instead of changing them.

mod attack;
mod cost;
mod flow_pgd;
mod measure;
mod pose;
mod pose_search;
mod stadv;
mod warp;

pub use attack::SpatialAttack;
pub use cost::FlowCost;
pub use flow_pgd::{FlowPgd, FlowPgdSettings};
pub use measure::SpatialMeasure;
pub use pose_search::{PoseSearch, PoseSettings};
pub use stadv::{StAdv, StAdvSettings};
pub use warp::warp;
