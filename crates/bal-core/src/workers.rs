//! Worker threads, each with a LibTorch of one thread, and perhaps those of other processes.

use crate::{Arrived, Carried, CoreError, Lost, Ranks};
use rayon::prelude::*;
use std::{sync::Arc, vec};
use tch::Device;

/// Images per task: what one core's cache holds of a network's activations.
///
/// Part of every protocol and no tuning: the last bits of a matrix product may depend on it.
pub const SHARD: usize = 64;

/// Threads that share out independent tasks.
///
/// LibTorch itself runs on one thread in each worker: the order of its sums, and with it every bit
/// of a result, then depends on how the work was split into tasks, which callers derive from the
/// problem, and never on the number of workers.
///
/// With [`Ranks`] the workers of several processes take part in what is [`share`](Self::share)d.
#[derive(Clone, Debug)]
pub struct Workers {
    pool: Arc<rayon::ThreadPool>,
    ranks: Option<(Arc<dyn Ranks>, Device)>,
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
            .map(|pool| Self { pool: Arc::new(pool), ranks: None })
            .map_err(|e| CoreError::Threads { threads, reason: e.to_string() })
    }

    /// The same threads, together with those of the other `ranks`. Tensors that arrive go to `device`.
    #[must_use]
    pub fn among(&self, ranks: Arc<dyn Ranks>, device: Device) -> Self {
        Self { pool: self.pool.clone(), ranks: (ranks.size() > 1).then_some((ranks, device)) }
    }

    /// The same threads without other processes.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self { pool: self.pool.clone(), ranks: None }
    }

    /// Whether other processes take part.
    pub fn are_shared(&self) -> bool {
        self.ranks.is_some()
    }

    /// Of so many chains, how many can be dealt out to all processes alike; the processes make those that are left together, one
    /// after another, where exchanges cost little. All of them where there are no other processes.
    pub(crate) fn dealt(&self, chains: usize) -> usize {
        match &self.ranks {
            Some((ranks, _)) if ranks.are_near() => chains - chains % ranks.size(),
            _ => chains,
        }
    }

    /// How many workers there are in this process.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `work` on every task and returns the results in the tasks' order.
    ///
    /// May be called from within a task: idle workers then take tasks of either level.
    pub fn map<T: Send, R: Send>(&self, tasks: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
        self.pool.install(|| tasks.into_par_iter().with_max_len(1).map(work).collect())
    }

    /// As [`map`](Self::map), but of several processes each runs `work` on a part of the tasks: every `size`-th, from the
    /// `rank`-th on. All of them get all results, the same bits as one process has.
    ///
    /// All processes call it with the same tasks, from no task.
    ///
    /// # Errors
    /// [`Lost`] when another process no longer takes part; never without other processes.
    pub fn share<T: Send, R: Send + Carried>(
        &self,
        tasks: Vec<T>,
        work: impl Fn(T) -> R + Sync + Send,
    ) -> Result<Vec<R>, Lost> {
        let Some((ranks, device)) = &self.ranks else { return Ok(self.map(tasks, work)) };
        let (rank, size, count) = (ranks.rank(), ranks.size(), tasks.len());
        let own = self.map(tasks.into_iter().skip(rank).step_by(size).collect(), work);
        let mut bytes = Vec::new();
        own.pack(&mut bytes);
        let arrived = ranks.gather(bytes)?;
        // What was made here need not be read back.
        let mut own = Some(own);
        let of_rank = |(from, bytes): (usize, Vec<u8>)| match own.take_if(|_| from == rank) {
            Some(own) => Ok(own.into_iter()),
            None => Vec::unpack(&mut Arrived::new(&bytes, *device))
                .map(Vec::into_iter)
                .ok_or_else(|| unlike(from)),
        };
        let parts = arrived.into_iter().enumerate().map(of_rank);
        let mut parts = parts.collect::<Result<Vec<vec::IntoIter<R>>, _>>()?;
        (0..count).map(|task| parts[task % size].next().ok_or_else(|| unlike(task % size))).collect()
    }
}

fn unlike(rank: usize) -> Lost {
    Lost(format!("rank {rank} has sent something else than its part; do all run the same program?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ThreadRanks;
    use std::sync::Mutex;

    #[test]
    fn ranks_share_tasks_out_and_all_get_all_results_in_order() {
        for (size, count) in [(2, 7), (3, 2), (3, 0), (1, 5)] {
            let ranks: Vec<_> = ThreadRanks::new(size)
                .into_iter()
                .map(|rank| {
                    let ranks = Arc::new(rank);
                    std::thread::spawn(move || {
                        let workers = Workers::new(2).unwrap().among(ranks, Device::Cpu);
                        let made = Mutex::new(0);
                        let results = workers.share((0..count).collect(), |task: u64| {
                            *made.lock().unwrap() += 1;
                            (task, format!("{}", task * task))
                        });
                        (results.unwrap(), made.into_inner().unwrap())
                    })
                })
                .collect();
            let ranks: Vec<_> = ranks.into_iter().map(|rank| rank.join().unwrap()).collect();
            let expected: Vec<_> = (0..count).map(|task| (task, format!("{}", task * task))).collect();
            assert!(ranks.iter().all(|(results, _)| *results == expected));
            assert_eq!(ranks.iter().map(|(_, made)| made).sum::<u64>(), count);
        }
    }

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
