//! Atomic file writes, and locks that give a folder to one process at a time; without LibTorch.
//!
//! Nothing here prints. A callback ([`News`]) reports that a process waits for a lock.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod error;
mod folder;
mod holder;
mod leftovers;
mod lock;
mod new_folder;
mod place;
mod unfinished;
mod write;

pub use error::LockError;
pub use holder::Holder;
pub use leftovers::is_unfinished;
pub use lock::{LOCK_FILE, Lock, News};
pub use new_folder::NewFolder;
pub use place::{Place, place};
pub use unfinished::Unfinished;
pub use write::{create, writable, write};
