//! Tensors that several tasks read at once.

use std::sync::{Mutex, PoisonError};
use tch::Tensor;

/// Something of which another thread may have its own handle.
///
/// `Tensor` is `Send` but not `Sync`, and a shallow clone shares one object with its gradient, so
/// tasks get replicas: handles of their own on the same numbers, for reading.
pub trait Replicate: Sized {
    /// A handle of one's own on the same numbers.
    #[must_use]
    fn replicate(&self) -> Self;
}

impl Replicate for Tensor {
    fn replicate(&self) -> Self {
        self.detach()
    }
}

impl<T: Replicate> Replicate for Vec<T> {
    fn replicate(&self) -> Self {
        self.iter().map(T::replicate).collect()
    }
}

/// A value of which any thread may take a replica.
///
/// The lock guards the handles, not the numbers: nobody may change them in place while tasks read.
#[derive(Debug)]
pub struct Shared<T>(Mutex<T>);

impl<T: Replicate> Shared<T> {
    /// Shares `value`.
    pub fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// A replica for the calling thread.
    pub fn replica(&self) -> T {
        self.with(T::replicate)
    }

    /// What `f` makes of the value, under the lock: take replicas of just the parts that are needed.
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        f(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
