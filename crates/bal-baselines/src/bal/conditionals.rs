//! The two conditional laws of one batch.

use super::{
    data_chain::DataChain,
    settings::{ParameterSettings, Reduction},
};
use crate::{
    DataEnergy, NetworkMode, PrecisionEnergy, Prior, PriorEnergy,
    data_energies::DataEnergies,
    precisions::row,
    risk::{Risk, Term},
    risks::Risks,
};
use bal_core::{
    Architecture, Batch, BlockEnergy, Conditionals, Cut, Energy, Generator, Given, Member, NoiseStream,
    Objective, Position, Replicate, Shared, Stacked, Workers,
};
use std::sync::Arc;
use tch::Tensor;

/// The block of adversarial data.
pub(super) const DATA: &str = "data block";
/// The block of weights.
pub(super) const PARAMETERS: &str = "parameter chain";
/// The block of a hierarchical prior's precisions: one chain, of those of all parameter chains.
pub(super) const PRECISIONS: &str = "precisions of the prior";

/// Eq. 6 and eq. 7 on one batch, cut into shards.
pub(super) struct BatchConditionals<'a> {
    /// The network of each parameter chain.
    pub(super) architectures: Vec<Arc<dyn Architecture>>,
    pub(super) generator: Arc<dyn Generator>,
    pub(super) objective: Arc<dyn Objective>,
    pub(super) workers: &'a Workers,
    /// The clean images, cut for data chains.
    pub(super) shards: Shared<Vec<Batch>>,
    /// The numbers of all images of the batch.
    pub(super) indices: Vec<i64>,
    /// What the block of data has; nothing without data chains.
    pub(super) data_chains: Vec<DataChain>,
    /// Training images in all, N.
    pub(super) training_images: u64,
    /// Weight of the cost in an image's own energy.
    pub(super) cost_weight: f64,
    pub(super) parameters: ParameterSettings,
    /// Batch statistics of each parameter chain.
    pub(super) buffers: Shared<Vec<Position>>,
    pub(super) parameter_chains: u64,
    /// The dropout masks of the first chain; those of the others have their number.
    pub(super) masks: NoiseStream,
}

impl Conditionals for BatchConditionals<'_> {
    fn energy<'a>(&'a self, block: &'static str, chain: usize, given: &Given) -> Box<dyn Energy + 'a> {
        match (block, self.parameters.prior) {
            (DATA, _) => Box::new(self.data_energy(self.data_chains[chain], given.of(PARAMETERS))),
            (PRECISIONS, Prior::Hierarchical(prior)) => {
                Box::new(PrecisionEnergy::new(prior, given.of(PARAMETERS)))
            }
            _ => Box::new(self.parameter_energy(chain, given)),
        }
    }

    fn together<'a>(
        &'a self,
        block: &'static str,
        given: &Given,
    ) -> Option<(Box<dyn BlockEnergy + 'a>, NoiseStream)> {
        let network = self.in_one_launch()?;
        match block {
            DATA => {
                let energies = self.data_energies(network, given.of(PARAMETERS))?;
                Some((Box::new(energies), NoiseStream::silent()))
            }
            PARAMETERS => {
                let mut noise = NoiseStream::silent();
                noise.join((0..self.architectures.len()).map(|chain| self.noise(block, chain)));
                Some((Box::new(self.risks(network, given)), noise))
            }
            _ => None,
        }
    }

    fn noise(&self, block: &'static str, chain: usize) -> NoiseStream {
        if block != PARAMETERS || self.parameters.mode == NetworkMode::Evaluate {
            return NoiseStream::silent();
        }
        let masks = |chain| self.masks.for_chain(chain).for_images(&self.indices);
        let chain = chain as u64;
        let mut noise = masks(chain);
        if self.is_whole(chain as usize) {
            let others = 1..self.weights().count(self.chains());
            noise.join(others.map(|set| masks(chain + self.parameter_chains * set as u64)));
        }
        noise
    }
}

/// What the summed losses of the batch's images are multiplied by.
struct Weights {
    /// In each data chain.
    adversarial: f64,
    /// Clean.
    clean: f64,
}

impl Weights {
    /// How many sets of images count: those of `chains` data chains, and perhaps the clean ones.
    fn count(&self, chains: usize) -> usize {
        chains + usize::from(self.clean > 0.0)
    }
}

impl BatchConditionals<'_> {
    /// The network of all chains, where these can be evaluated in one launch and are to be: on the same data, without batch
    /// statistics.
    fn in_one_launch(&self) -> Option<&Arc<dyn Architecture>> {
        let network = self.architectures.first()?;
        let alike = self.architectures.iter().all(|other| Arc::ptr_eq(network, other));
        let shared = self.data_chains.iter().all(|chain| chain.owner.is_none());
        let whole = self.workers.cut() == Cut::Whole && self.shards.with(|shards| shards.len() == 1);
        (alike && shared && whole && !self.is_whole(0)).then_some(network)
    }

    fn data_energies(
        &self,
        network: &Arc<dyn Architecture>,
        parameters: &[Position],
    ) -> Option<DataEnergies> {
        let buffers = self.buffers.replica();
        let members = Stacked::of(parameters.iter().zip(&buffers));
        let game = (self.generator.clone(), self.objective.clone());
        let clean = self.shards.with(|shards| shards.first().map(Batch::replicate))?;
        Some(DataEnergies::new((network.clone(), members), game, (&clean, self.chains()), self.cost_weight))
    }

    fn risks(&self, network: &Arc<dyn Architecture>, given: &Given) -> Risks {
        let chains = 0..self.architectures.len();
        Risks {
            network: network.clone(),
            objective: self.objective.clone(),
            terms: self.terms(0, given.of(DATA)).into_iter().flatten().collect(),
            mode: self.parameters.mode,
            buffers: Position::stack(&self.buffers.replica().iter().collect::<Vec<_>>()),
            priors: chains.map(|chain| self.prior(chain, given)).collect(),
        }
    }

    fn data_energy(&self, chain: DataChain, parameters: &[Position]) -> DataEnergy {
        let members = parameters.iter().zip(self.buffers.replica()).zip(&self.architectures).enumerate();
        let members = members.filter(|(number, _)| chain.is_for(*number)).map(|(_, member)| member);
        DataEnergy {
            generator: self.generator.clone(),
            objective: self.objective.clone(),
            members: members
                .map(|((weights, buffers), network)| Member {
                    network: network.clone(),
                    parameters: weights.replicate(),
                    buffers,
                })
                .collect(),
            clean: self.shards.with(|shards| shards[chain.shard].replicate()),
            cost_weight: self.cost_weight,
        }
    }

    fn parameter_energy(&self, chain: usize, given: &Given) -> Risk<'_> {
        Risk {
            architecture: self.architectures[chain].clone(),
            objective: self.objective.clone(),
            workers: self.workers,
            shards: self.terms(chain, given.of(DATA)),
            mode: self.parameters.mode,
            buffers: self.buffers.with(|buffers| buffers[chain].replicate()),
            passes: self.passes(),
            prior: self.prior(chain, given),
        }
    }

    fn prior(&self, chain: usize, given: &Given) -> PriorEnergy {
        let precisions = given.of(PRECISIONS).first();
        match precisions.and_then(|precisions| precisions.tensors().get(chain)) {
            Some(precisions) => PriorEnergy::given(row(precisions), self.training_images),
            None => PriorEnergy::new(self.parameters.prior, self.training_images),
        }
    }

    /// Data chains per image, as a parameter chain sees them.
    fn chains(&self) -> usize {
        self.data_chains.last().map_or(0, |last| last.chain + 1)
    }

    /// Whether the batch statistics of this parameter chain's network forbid cutting the batch.
    fn is_whole(&self, parameters: usize) -> bool {
        self.architectures[parameters].has_batch_statistics() && self.parameters.mode == NetworkMode::Train
    }

    fn weights(&self) -> Weights {
        let ParameterSettings { clean_weight, reduction, .. } = self.parameters;
        let chains = self.chains();
        // Without data chains all weight is on the clean images.
        let clean_weight = if chains == 0 { 1.0 } else { clean_weight };
        match reduction {
            Reduction::Mean => {
                Weights { adversarial: (1.0 - clean_weight) / chains as f64, clean: clean_weight }
            }
            Reduction::Sum => {
                Weights { adversarial: 1.0 - clean_weight, clean: clean_weight * chains.max(1) as f64 }
            }
        }
    }

    /// The order in which passes of whole batches, of which the data chains come first, move running
    /// statistics. A sum over chains counts the clean images after those of every chain, and so do the statistics.
    fn passes(&self) -> Vec<usize> {
        let chains = self.chains();
        let with_clean = self.weights().count(chains) > chains;
        match self.parameters.reduction {
            Reduction::Sum if chains > 0 && with_clean => (0..chains).flat_map(|k| [k, chains]).collect(),
            _ => vec![],
        }
    }

    /// The losses that eq. 7 adds up, adversarial chain by chain, then clean: by shards, or, where the batch may not be
    /// cut, each set of images whole, as a shard of its own. Those that parameter chain number `parameters` sees.
    fn terms(&self, parameters: usize, data: &[Position]) -> Vec<Vec<Term>> {
        let (weights, clean, images) = (self.weights(), self.shards.replica(), self.indices.len() as f64);
        let mut sets: Vec<Vec<Term>> = Vec::new();
        let seen = self.data_chains.iter().zip(data).filter(|(chain, _)| chain.is_for(parameters));
        for (chain, position) in seen {
            if chain.chain == sets.len() {
                sets.push(vec![]);
            }
            let (clean, weight) = (clean[chain.shard].replicate(), weights.adversarial / images);
            let x = self.generator.images(position, &clean);
            sets[chain.chain].push(Term { x, clean, weight });
        }
        if weights.clean > 0.0 {
            sets.push(clean.into_iter().map(|batch| Term::clean(batch, weights.clean / images)).collect());
        }
        if self.is_whole(parameters) {
            return sets.iter().map(|set| vec![self.joined(set)]).collect();
        }
        let mut shards: Vec<Vec<Term>> = self.shards.with(|shards| shards.iter().map(|_| vec![]).collect());
        for (shard, term) in sets.into_iter().flat_map(|set| set.into_iter().enumerate()) {
            shards[shard].push(term);
        }
        shards
    }

    /// A set of images with its shards put together again.
    fn joined(&self, set: &[Term]) -> Term {
        let join = |of: fn(&Term) -> &Tensor| Tensor::cat(&set.iter().map(of).collect::<Vec<_>>(), 0);
        let targets = set[0].clean.targets.map(|_| join(|t| t.clean.targets.tensor()));
        let clean = Batch { x: join(|t| &t.clean.x), targets, indices: self.indices.clone() };
        Term { x: join(|t| &t.x), clean, weight: set[0].weight }
    }
}
