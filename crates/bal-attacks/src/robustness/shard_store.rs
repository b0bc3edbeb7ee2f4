//! A store of finished shards, from which an evaluation continues after an interruption.

use super::Shard;
use std::error::Error;

/// Why a shard could not be stored or read; the message names the place.
pub type StoreError = Box<dyn Error + Send + Sync>;

/// A store of finished shards.
///
/// Shards are numbered in the order of the data set. Workers read and write different shards at the same time. A shard that is
/// read replaces the attack, so it has to be the shard that was written, bit by bit.
pub trait ShardStore: Sync {
    /// Whether shards hold the changed images, and the evaluation returns them.
    fn images(&self) -> bool;

    /// Whether shard `number` belongs to this evaluation. With some that do not, the curve is of the images of those that do.
    fn is_wanted(&self, _number: usize) -> bool {
        true
    }

    /// Which of the shards that are wanted, counted from 0 in their order, a free worker is to make. It is asked as often as there
    /// are such shards, with `place` from 0 on. Of several processes each gets another one from a common queue, and `None`
    /// when nothing is left.
    ///
    /// # Errors
    /// [`StoreError`] when the queue cannot be asked; the evaluation ends with it.
    fn next(&self, place: usize) -> Result<Option<usize>, StoreError> {
        Ok(Some(place))
    }

    /// Shard `number`, if it was stored.
    ///
    /// # Errors
    /// [`StoreError`] if the shard exists and cannot be read.
    fn read(&self, number: usize) -> Result<Option<Shard>, StoreError>;

    /// Stores shard `number`, whole or not at all.
    ///
    /// # Errors
    /// [`StoreError`]; the evaluation ends with it.
    fn write(&self, number: usize, shard: &Shard) -> Result<(), StoreError>;
}

/// Stores nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore {
    /// Whether the evaluation returns the changed images.
    pub images: bool,
}

impl ShardStore for NoStore {
    fn images(&self) -> bool {
        self.images
    }

    fn read(&self, _: usize) -> Result<Option<Shard>, StoreError> {
        Ok(None)
    }

    fn write(&self, _: usize, _: &Shard) -> Result<(), StoreError> {
        Ok(())
    }
}
