//! Data sets: a manifest of sources, checked downloads, and readers that distrust every byte.
//!
//! A data set goes through three steps, each usable alone:
//!
//! 1. [`Manifest`] states what the files are: sizes, SHA-256 digests, sources in order, licence.
//! 2. [`download::fetch`] brings them into `datasets/<set>/` and lets nothing unverified appear there under its final name.
//!    GTSRB is prepared from its official zips ([`gtsrb::prepare`]) where no prepared copy is at hand.
//! 3. [`load`] reads them into `ndarray` arrays ([`Dataset`], [`Split`]).
//!
//! Images of the user's own, in folders, tables or IDX files, become the same arrays by [`own::load`].
//!
//! Whatever is read, from disk or from a server, may be broken or hostile: a reader never panics on it,
//! never allocates more than the bytes it has seen justify, and names file and offset in its error.

#![doc = include_str!("../README.md")]

pub mod dataset;
pub mod digest;
pub mod download;
mod error;
pub mod gtsrb;
mod holdout;
pub mod idx;
pub mod manifest;
mod mirror;
pub mod own;
mod part;
mod progress;
mod resize;
mod set;
mod shuffle;
mod split;

pub use dataset::{Dataset, load};
pub use digest::{Content, Digest};
pub use error::DataError;
pub use holdout::{Holdout, Share};
pub use manifest::Manifest;
pub use mirror::Mirror;
pub use own::{Own, OwnSettings, Preprocessing};
pub use set::{FileNames, Set};
pub use split::Split;
