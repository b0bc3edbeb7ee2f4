//! The figure of traces.

mod traces;

pub use traces::{Followed, FollowedGroup, traces, traces_png};
