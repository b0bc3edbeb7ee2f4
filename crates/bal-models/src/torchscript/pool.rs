//! Loaded networks, lent to one thread at a time.

use super::load;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tch::{CModule, Device, TchError};

/// The bytes of every member's file, and the loaded ensembles that nobody uses at the moment.
///
/// There are as many ensembles as classifiers were at work at once, however many replicas are made.
#[derive(Debug)]
pub(super) struct Pool {
    sources: Vec<Vec<u8>>,
    device: Device,
    idle: Mutex<Vec<Vec<CModule>>>,
}

impl Pool {
    /// A pool that already has one ensemble.
    pub(super) fn new(sources: Vec<Vec<u8>>, device: Device, loaded: Vec<CModule>) -> Self {
        Self { sources, device, idle: Mutex::new(vec![loaded]) }
    }

    pub(super) fn members(&self) -> usize {
        self.sources.len()
    }

    /// An ensemble for one's own, back in the pool when it is dropped.
    pub(super) fn lend(self: &Arc<Self>) -> Result<Lent, TchError> {
        // Loading is done under the lock: LibTorch does not promise that two loads do not meet.
        let mut idle = self.idle();
        let modules = match idle.pop() {
            Some(modules) => modules,
            None => {
                self.sources.iter().map(|s| load::module(s, self.device)).collect::<Result<_, TchError>>()?
            }
        };
        Ok(Lent { modules, pool: self.clone() })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<CModule>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An ensemble that nobody else uses.
#[derive(Debug)]
pub(super) struct Lent {
    modules: Vec<CModule>,
    pool: Arc<Pool>,
}

impl Lent {
    pub(super) fn modules(&self) -> &[CModule] {
        &self.modules
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pool.idle().push(std::mem::take(&mut self.modules));
    }
}
