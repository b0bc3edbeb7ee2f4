//! What can go wrong among several processes.

/// Why processes do not find each other, or no longer work together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// The environment says of ranks too little, or what cannot be.
    #[error("{0}")]
    Environment(String),
    /// The store or the other ranks cannot be reached.
    #[error("rank {rank} of {size} cannot join the others at {master}: {reason}")]
    Join {
        /// This rank.
        rank: usize,
        /// Ranks in all.
        size: usize,
        /// Address and port of the store.
        master: String,
        /// What went wrong.
        reason: String,
    },
    /// Ranks that have not come in time.
    #[error(
        "{missing} of {size} did not join at {master} within {seconds} s; start all of them, or set BAL_RANK_TIMEOUT to \
             more seconds"
    )]
    Missing {
        /// `rank 1` or `ranks 1, 2`.
        missing: String,
        /// Ranks in all.
        size: usize,
        /// Address and port of the store.
        master: String,
        /// How long was waited.
        seconds: u64,
    },
    /// A rank has ended, or gives no sign of life.
    #[error("rank {rank} is lost: {reason}")]
    Lost {
        /// Which.
        rank: usize,
        /// What is known of it.
        reason: String,
    },
    /// Something differs among ranks that has to be the same.
    #[error("rank {rank} differs from rank 0: its {what} is {found}, and that of rank 0 {expected}")]
    Unlike {
        /// The first rank that differs.
        rank: usize,
        /// In what.
        what: String,
        /// What it has.
        found: String,
        /// What rank 0 has.
        expected: String,
    },
    /// A transfer failed while all ranks were alive.
    #[error("the ranks cannot exchange data: {0}")]
    Transfer(String),
}
