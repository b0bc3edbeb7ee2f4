//! Data sets: a manifest of sources, verified downloads, and strict readers.
//!
//! A data set goes through three steps. You can use each step alone:
//!
//! 1. [`Manifest`] describes the files: sizes, SHA-256 digests, sources in order, licence.
//! 2. [`download::fetch`] downloads them into `datasets/<set>/`. A file gets its final name only after its digest was
//!    verified. If there is no prepared copy of GTSRB, [`gtsrb::prepare`] makes it from the official zips.
//! 3. [`load`] reads them into `ndarray` arrays ([`Dataset`], [`Split`]).
//!
//! CIFAR is read from the archives of its authors ([`cifar`]).
//!
//! [`own::load`] reads the user's own images (folders, tables or IDX files) into the same arrays.
//!
//! Input from disk or from a server may be broken or hostile. A reader never panics, never allocates more than the bytes
//! it has read justify, and names file and offset in its error.

#![doc = include_str!("../README.md")]

pub mod cifar;
pub mod dataset;
pub mod digest;
pub mod download;
mod error;
pub mod gtsrb;
mod holdout;
pub mod idx;
pub mod manifest;
mod md5;
mod mirror;
pub mod numbers;
pub mod own;
mod part;
mod progress;
mod resize;
mod set;
mod shuffle;
mod split;
mod text;

pub use dataset::{Dataset, load};
pub use digest::{Content, Digest};
pub use error::DataError;
pub use holdout::{Holdout, Share};
pub use manifest::Manifest;
pub use md5::Md5;
pub use mirror::Mirror;
pub use numbers::{NumberTable, UciTable, test_rows};
pub use own::{Own, OwnSettings, Preprocessing};
pub use set::{FileNames, Set};
pub use split::Split;
