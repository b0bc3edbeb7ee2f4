//! Signs of life: a thread of each rank tells the others that it lives, and sees who no longer does.

use crate::{ClusterError, store::Store};
use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// From one sign to the next.
const BEAT: Duration = Duration::from_millis(500);

/// How a rank that has ended signs: after this, the reason, or nothing where all went well.
const ENDED: &[u8] = b"ended ";

/// Where a rank signs.
pub(crate) fn key(rank: usize) -> String {
    format!("alive/{rank}")
}

/// The thread, and what it sees.
pub(crate) struct Watch {
    shared: Arc<Shared>,
    /// This rank.
    rank: usize,
    /// Whether rank 0 holds the store, and no launcher.
    is_held: bool,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    /// Told when the thread is to end.
    ends: Condvar,
    /// Exchanges of which all ranks have read what this rank put into the store.
    read: AtomicU64,
}

struct State {
    /// What this rank signs instead of beats, once it has ended.
    last: Option<Vec<u8>>,
    others: Vec<Other>,
    /// Why the store cannot be asked any more.
    broken: Option<String>,
    is_to_end: bool,
}

/// What is known of a rank.
struct Other {
    sign: Vec<u8>,
    since: Instant,
}

impl Watch {
    /// Begins, by a connection of its own. `forget` names what this rank has put into the store for an exchange.
    pub(crate) fn begin(
        mut store: Store,
        (rank, size, is_held): (usize, usize, bool),
        forget: impl Fn(u64) -> String + Send + 'static,
    ) -> Result<Self, ClusterError> {
        let now = Instant::now();
        let others = (0..size).map(|_| Other { sign: vec![], since: now }).collect();
        let shared = Arc::new(Shared {
            state: Mutex::new(State { last: None, others, broken: None, is_to_end: false }),
            ends: Condvar::new(),
            read: AtomicU64::new(0),
        });
        let in_thread = shared.clone();
        let work = move || {
            let shared = in_thread;
            let keys: Vec<String> = (0..size).map(key).collect();
            let (mut beats, mut forgotten) = (0_u64, 0);
            loop {
                beats += 1;
                let sign = shared.state().last.clone().unwrap_or_else(|| beats.to_string().into_bytes());
                let mut beat = || -> Result<(), String> {
                    store.set(&keys[rank], &sign)?;
                    // All have signed before the ranks joined.
                    let signs = store.get(&keys, BEAT * 20)?;
                    shared.take(signs);
                    while forgotten < shared.read.load(Ordering::Relaxed) {
                        forgotten += 1;
                        store.delete(&forget(forgotten))?;
                    }
                    Ok(())
                };
                let broken = beat().err();
                let mut state = shared.state();
                state.broken = broken;
                if state.broken.is_some() || shared.is_over(state) {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("bal-cluster-watch".into()).spawn(work);
        let thread =
            thread.map_err(|error| ClusterError::Transfer(format!("cannot start a thread: {error}")))?;
        Ok(Self { shared, rank, is_held, thread: Some(thread) })
    }

    /// The rank that has failed, or given no sign for so long; also one that has ended well, where it is `needed`.
    pub(crate) fn lost(&self, silence: Duration, needed: bool) -> Option<ClusterError> {
        let state = self.shared.state();
        if let Some(reason) = &state.broken {
            return Some(if self.is_held {
                let reason = format!("the store that it holds does not answer ({reason})");
                ClusterError::Lost { rank: 0, reason }
            } else {
                ClusterError::Transfer(format!("the launcher's store does not answer ({reason})"))
            });
        }
        let lost = |(rank, other): (usize, &Other)| {
            let reason = match other.sign.strip_prefix(ENDED) {
                Some(b"") if needed => "it has ended".to_string(),
                Some(b"") => return None,
                Some(why) => {
                    let why = String::from_utf8_lossy(why);
                    if let Some(other) = blamed(&why).filter(|other| *other != self.rank) {
                        return Some(other_lost(other, &why));
                    }
                    format!("it ended: {why}")
                }
                None if other.since.elapsed() > silence => {
                    format!("it gave no sign of life for {:.0} s", other.since.elapsed().as_secs_f64())
                }
                None => return None,
            };
            Some(ClusterError::Lost { rank, reason })
        };
        // Whoever says why has not ended because of another's silence alone.
        let others = state.others.iter().enumerate().filter(|(rank, _)| *rank != self.rank);
        let mut all: Vec<ClusterError> = others.filter_map(lost).collect();
        let told = all.iter().position(
            |error| matches!(error, ClusterError::Lost { reason, .. } if reason.contains("ended:")),
        );
        (!all.is_empty()).then(|| all.swap_remove(told.unwrap_or(0)))
    }

    /// Whether every rank but this one has ended.
    pub(crate) fn is_last(&self) -> bool {
        let state = self.shared.state();
        let mut others = state.others.iter().enumerate().filter(|(other, _)| *other != self.rank);
        state.broken.is_some() || others.all(|(_, other)| other.sign.starts_with(ENDED))
    }

    /// Of exchanges up to this one, everybody has read what this rank put into the store.
    pub(crate) fn forget(&self, exchange: u64) {
        self.shared.read.store(exchange, Ordering::Relaxed);
    }

    /// From now on this is what the others read of this rank.
    pub(crate) fn sign(&self, last: Vec<u8>) {
        self.shared.state().last = Some(last);
    }

    /// Gives no more signs.
    pub(crate) fn end(&mut self) {
        self.shared.state().is_to_end = true;
        self.shared.ends.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What comes before the reason where a rank is said to be lost.
const IS_LOST: &str = " is lost: ";

/// The rank that another one missed before it ended, by what it says of it.
fn blamed(why: &str) -> Option<usize> {
    let (before, _) = why.rsplit_once(IS_LOST)?;
    before.rsplit_once("rank ")?.1.parse().ok()
}

/// That rank, with the reason of the one that missed it.
fn other_lost(rank: usize, why: &str) -> ClusterError {
    let reason = why.rsplit_once(IS_LOST).map_or(why, |(_, reason)| reason);
    ClusterError::Lost { rank, reason: reason.to_string() }
}

/// The last sign of a rank that has ended: well where there is no reason.
pub(crate) fn last_sign(reason: Option<&str>) -> Vec<u8> {
    [ENDED, reason.unwrap_or_default().as_bytes()].concat()
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, signs: Option<Vec<Vec<u8>>>) {
        for (other, sign) in self.state().others.iter_mut().zip(signs.into_iter().flatten()) {
            if other.sign != sign {
                *other = Other { sign, since: Instant::now() };
            }
        }
    }

    /// Waits for the next beat, or for the end; whether that has come.
    fn is_over(&self, state: MutexGuard<'_, State>) -> bool {
        let waited = self.ends.wait_timeout_while(state, BEAT, |state| !state.is_to_end);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_to_end
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_ended_because_of_another_is_not_blamed() {
        let why = "sweep 3: rank 12 is lost: it gave no sign of life for 6 s";
        assert_eq!(blamed(why), Some(12));
        let reason = "it gave no sign of life for 6 s".to_string();
        assert_eq!(other_lost(12, why), ClusterError::Lost { rank: 12, reason });
        assert_eq!(blamed("the disk is full"), None);
    }
}
