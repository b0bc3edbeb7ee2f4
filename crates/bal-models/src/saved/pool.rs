//! Loaded networks, lent to one thread at a time.

use super::network::{Network, Source};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tch::{Device, TchError};

/// What every member is made of, and the loaded ensembles that nobody uses at the moment.
///
/// There are as many ensembles as classifiers were at work at once, however many replicas are made.
#[derive(Debug)]
pub(super) struct Pool {
    members: usize,
    device: Device,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    sources: Vec<Source>,
    idle: Vec<Vec<Network>>,
}

impl Pool {
    /// A pool that already has one ensemble.
    pub(super) fn new(sources: Vec<Source>, device: Device, loaded: Vec<Network>) -> Self {
        let members = sources.len();
        Self { members, device, kept: Mutex::new(Kept { sources, idle: vec![loaded] }) }
    }

    pub(super) fn members(&self) -> usize {
        self.members
    }

    /// An ensemble for one's own, back in the pool when it is dropped.
    pub(super) fn lend(self: &Arc<Self>) -> Result<Lent, TchError> {
        // Loading is done under the lock: LibTorch does not promise that two loads do not meet.
        let mut kept = self.kept();
        let networks = match kept.idle.pop() {
            Some(networks) => networks,
            None => kept.sources.iter().map(|s| s.network(self.device)).collect::<Result<_, TchError>>()?,
        };
        Ok(Lent { networks, pool: self.clone() })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An ensemble that nobody else uses.
#[derive(Debug)]
pub(super) struct Lent {
    networks: Vec<Network>,
    pool: Arc<Pool>,
}

impl Lent {
    pub(super) fn networks(&self) -> &[Network] {
        &self.networks
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pool.kept().idle.push(std::mem::take(&mut self.networks));
    }
}
