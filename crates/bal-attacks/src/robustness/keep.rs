//! What an evaluation keeps of finished shards, to go on after an interruption.

use super::Shard;
use std::error::Error;

/// Why a shard could not be kept or recalled; the message names the place.
pub type KeepError = Box<dyn Error + Send + Sync>;

/// A place for finished shards.
///
/// Shards are numbered in the order of the data set. Workers keep and recall different shards at the
/// same time; what is recalled takes the place of the attack, so it has to be what was kept, bit by bit.
pub trait Keep: Sync {
    /// Whether shards come with the changed images, and the evaluation hands them over.
    fn images(&self) -> bool;

    /// Shard `number`, if it was kept.
    ///
    /// # Errors
    /// [`KeepError`] for one that is there and cannot be read.
    fn recall(&self, number: usize) -> Result<Option<Shard>, KeepError>;

    /// Keeps shard `number`, whole or not at all.
    ///
    /// # Errors
    /// [`KeepError`]; the evaluation ends with it.
    fn keep(&self, number: usize, shard: &Shard) -> Result<(), KeepError>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forget {
    /// Whether the evaluation hands over the changed images.
    pub images: bool,
}

impl Keep for Forget {
    fn images(&self) -> bool {
        self.images
    }

    fn recall(&self, _: usize) -> Result<Option<Shard>, KeepError> {
        Ok(None)
    }

    fn keep(&self, _: usize, _: &Shard) -> Result<(), KeepError> {
        Ok(())
    }
}
