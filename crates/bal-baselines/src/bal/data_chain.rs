//! The data chains of a batch.

/// One of the chains that a block of data has: chain number `chain` of the images in shard number `shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DataChain {
    pub(super) chain: usize,
    pub(super) shard: usize,
}

impl DataChain {
    /// All of them, chain by chain: the order in which noise, checkpoints and sums know them.
    pub(super) fn all(chains: usize, shards: usize) -> Vec<Self> {
        (0..chains).flat_map(|chain| (0..shards).map(move |shard| Self { chain, shard })).collect()
    }
}
