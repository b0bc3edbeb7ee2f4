//! What can be wrong with draws.

/// Numbers that are no draws of chains.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DrawsError {
    /// There is no chain, or the chains hold nothing.
    #[error("there are no draws: at least one chain with one draw is needed")]
    Empty,
    /// Chains of different lengths.
    #[error("chain {chain} has {found} draws, chain 0 has {wanted}; all need the same number")]
    Ragged {
        /// The first chain that differs, from 0.
        chain: usize,
        /// Its draws.
        found: usize,
        /// Those of chain 0.
        wanted: usize,
    },
}
