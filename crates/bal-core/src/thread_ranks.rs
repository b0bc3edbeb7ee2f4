//! Ranks that are threads of one process.

use crate::{Lost, Ranks};
use std::sync::{Arc, Barrier, Mutex, PoisonError};

/// A rank that is a thread: for programs and tests that want several ranks without several processes.
///
/// Each thread calls what a process would. A thread that ends early leaves the others waiting, unless it said so by
/// [`leave`](Self::leave).
#[derive(Clone, Debug)]
pub struct ThreadRanks {
    rank: usize,
    all: Arc<(Mutex<Meeting>, Barrier)>,
}

#[derive(Debug)]
struct Meeting {
    bytes: Vec<Vec<u8>>,
    left: Option<usize>,
}

impl ThreadRanks {
    /// So many ranks, in order.
    pub fn new(size: usize) -> Vec<Self> {
        let meeting = Meeting { bytes: vec![vec![]; size], left: None };
        let all = Arc::new((Mutex::new(meeting), Barrier::new(size)));
        (0..size).map(|rank| Self { rank, all: all.clone() }).collect()
    }

    /// In place of a further exchange, which fails for the others; they make no other one after it.
    pub fn leave(&self) {
        self.with(|meeting| meeting.left = Some(self.rank));
        self.all.1.wait();
        self.all.1.wait();
    }

    fn with<R>(&self, f: impl FnOnce(&mut Meeting) -> R) -> R {
        f(&mut self.all.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ranks for ThreadRanks {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.with(|meeting| meeting.bytes.len())
    }

    fn are_near(&self) -> bool {
        true
    }

    fn gather(&self, own: Vec<u8>) -> Result<Vec<Vec<u8>>, Lost> {
        self.with(|meeting| meeting.bytes[self.rank] = own);
        self.all.1.wait();
        let gathered = self.with(|meeting| match meeting.left {
            Some(rank) => Err(Lost(format!("rank {rank} is lost: it has left"))),
            None => Ok(meeting.bytes.clone()),
        });
        // Nobody overwrites what others have still to read.
        self.all.1.wait();
        gathered
    }
}
