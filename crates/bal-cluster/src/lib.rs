//! Several processes that work together, on one or several machines.
//!
//! Bytes go through `LibTorch`'s own TCP store and its group of Gloo, which every `LibTorch` brings along; no MPI and no Python are needed.
//! Sums are nowhere made on the way: who wants the bits of one process gathers the parts and adds them in order.
//!
//! In C++, because tch has neither.

#![doc = include_str!("../README.md")]
#![expect(unsafe_code, reason = "calls C++, as every use of LibTorch does")]
#![deny(missing_docs)]

mod capability;
mod cluster;
mod error;
mod group;
mod place;
mod route;
mod said;
mod store;
mod watch;

pub use capability::capability;
pub use cluster::Cluster;
pub use error::ClusterError;
pub use place::Place;
// LibTorch is linked by it.
use torch_sys as _;
