//! Worker threads, each with a LibTorch of one thread.

use crate::CoreError;
use rayon::prelude::*;
use std::sync::Arc;

/// Images per task: what one core's cache holds of a network's activations.
///
/// Part of every protocol and no tuning: the last bits of a matrix product may depend on it.
pub const SHARD: usize = 64;

/// Images that an evaluation shows to a model at once where work is not cut into shards: enough to fill a device, and few enough
/// for its memory. Part of a protocol as [`SHARD`] is.
pub const TOGETHER: usize = 1024;

/// How work is cut into tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Into shards of [`SHARD`] images, and by chains: for cores, each with a cache of its own.
    Shards,
    /// Not at all: batches whole, and the chains of a block in one task. For a device that does much at once, and waits for each
    /// task's begin.
    Whole,
}

/// Threads that share out independent tasks.
///
/// LibTorch itself runs on one thread in each worker: the order of its sums, and with it every bit
/// of a result, then depends on how the work was split into tasks, which callers derive from the
/// problem, and never on the number of workers.
#[derive(Clone, Debug)]
pub struct Workers {
    pool: Arc<rayon::ThreadPool>,
    cut: Cut,
}

impl Workers {
    /// `threads` workers. Also the calling thread is given a LibTorch of one thread.
    ///
    /// # Errors
    /// [`CoreError::Zero`] without threads, [`CoreError::Threads`] when they cannot be started.
    pub fn new(threads: usize) -> Result<Self, CoreError> {
        if threads == 0 {
            return Err(CoreError::Zero { name: "threads" });
        }
        // The caller's own tensor code, between parallel parts, counts as much for reproducible bits.
        tch::set_num_threads(1);
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("bal-worker-{i}"))
            .start_handler(|_| tch::set_num_threads(1))
            .build()
            .map(|pool| Self { pool: Arc::new(pool), cut: Cut::Shards })
            .map_err(|e| CoreError::Threads { threads, reason: e.to_string() })
    }

    /// The same threads for work that is cut so.
    #[must_use]
    pub fn with_cut(&self, cut: Cut) -> Self {
        Self { cut, ..self.clone() }
    }

    /// How work is cut.
    pub fn cut(&self) -> Cut {
        self.cut
    }

    /// How many images of a batch of `images` are differentiated together.
    pub fn shard(&self, images: usize) -> usize {
        match self.cut {
            Cut::Shards => SHARD,
            Cut::Whole => images.max(1),
        }
    }

    /// How many images are shown to a model at once, where nothing but memory says it.
    pub fn together(&self) -> usize {
        match self.cut {
            Cut::Shards => SHARD,
            Cut::Whole => TOGETHER,
        }
    }

    /// How many workers there are.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `work` on every task and returns the results in the tasks' order.
    ///
    /// May be called from within a task: idle workers then take tasks of either level.
    pub fn map<T: Send, R: Send>(&self, tasks: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
        self.pool.install(|| tasks.into_par_iter().with_max_len(1).map(work).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_tasks_also_when_nested() {
        let workers = Workers::new(2).unwrap();
        let squares =
            workers.map((0..20).collect(), |i: usize| workers.map((0..3).collect(), |j: usize| 3 * i + j));
        assert_eq!(squares.concat(), (0..60).collect::<Vec<_>>());
    }

    #[test]
    fn each_worker_runs_libtorch_on_one_thread() {
        let workers = Workers::new(3).unwrap();
        assert!(workers.map((0..9).collect(), |_: i32| tch::get_num_threads()).iter().all(|&n| n == 1));
    }

    #[test]
    fn no_threads_are_refused() {
        assert_eq!(Workers::new(0).unwrap_err(), CoreError::Zero { name: "threads" });
    }
}
