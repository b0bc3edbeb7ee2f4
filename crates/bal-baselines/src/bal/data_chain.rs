//! The data chains of a batch.

/// One of the chains that a block of data has: chain number `chain` of the images in shard number `shard`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DataChain {
    /// Its number among the chains of an image that are for the same parameter chains.
    pub(super) chain: usize,
    pub(super) shard: usize,
    /// The only parameter chain that it is for; absent where it is for all.
    pub(super) owner: Option<usize>,
}

impl DataChain {
    /// All of them, chain by chain: the order in which noise, checkpoints and sums know them. With owners, `chains` of
    /// each, owner by owner.
    pub(super) fn all(chains: usize, shards: usize, owners: Option<usize>) -> Vec<Self> {
        let owners: Vec<Option<usize>> = owners.map_or(vec![None], |count| (0..count).map(Some).collect());
        let of = |(owner, chain)| (0..shards).map(move |shard| Self { chain, shard, owner });
        owners
            .into_iter()
            .flat_map(|owner| (0..chains).map(move |chain| (owner, chain)))
            .flat_map(of)
            .collect()
    }

    /// Its number among all chains of an image, `chains` of which have the same owner.
    pub(super) fn number(&self, chains: usize) -> usize {
        self.owner.unwrap_or(0) * chains + self.chain
    }

    /// Whether parameter chain number `chain` sees it, and it sees that chain.
    pub(super) fn is_for(&self, chain: usize) -> bool {
        self.owner.is_none_or(|owner| owner == chain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_numbered_chain_by_chain_and_owner_by_owner() {
        let shared = DataChain::all(2, 3, None);
        assert_eq!(shared.len(), 6);
        assert_eq!(shared[3], DataChain { chain: 1, shard: 0, owner: None });
        assert!(shared.iter().all(|data| data.is_for(0) && data.is_for(4)));
        let owned = DataChain::all(2, 3, Some(2));
        let numbers: Vec<usize> = owned.iter().map(|data| data.number(2)).collect();
        assert_eq!(numbers, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
        assert!(owned[6].is_for(1) && !owned[6].is_for(0));
    }
}
