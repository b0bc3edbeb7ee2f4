//! The two conditional laws of one batch.

use super::settings::{Prior, Reduction};
use crate::{
    DataEnergy, NetworkMode, ParameterSettings,
    risk::{Loss, Risk, Term},
};
use bal_core::{
    Architecture, Batch, Conditionals, Energy, Member, NoiseKey, NoiseStream, Position, Shared, Workers,
};
use std::{cell::RefCell, sync::Arc};
use tch::Tensor;

/// Eq. 6 and eq. 7 on one batch, cut into shards.
///
/// Data block `k * shards + s` is data chain k of the images in shard s.
pub(super) struct BatchConditionals<'a> {
    pub(super) architecture: Arc<dyn Architecture>,
    pub(super) workers: &'a Workers,
    /// The clean images, cut for data chains.
    pub(super) shards: Shared<Vec<Batch>>,
    pub(super) shard_count: usize,
    /// Images in the batch.
    pub(super) images: usize,
    /// Training images in all, N.
    pub(super) training_images: u64,
    /// Weight of the cost in an image's own energy.
    pub(super) cost_weight: f64,
    pub(super) parameters: ParameterSettings,
    /// Batch statistics of each chain.
    pub(super) buffers: Vec<Shared<Position>>,
    /// Loss of each chain at its last evaluation.
    pub(super) losses: Vec<Shared<Loss>>,
    /// Key of the dropout masks; the chain's number is put in.
    pub(super) masks: NoiseKey,
}

impl Conditionals for BatchConditionals<'_> {
    fn data_energy<'a>(&'a self, block: usize, parameters: Vec<Position>) -> Box<dyn Energy + 'a> {
        let shard = block % self.shard_count;
        let (x, y) = self.shards.with(|shards| (shards[shard].x.detach(), shards[shard].y.detach()));
        let members = parameters.into_iter().zip(&self.buffers);
        Box::new(DataEnergy {
            architecture: self.architecture.clone(),
            members: members
                .map(|(parameters, buffers)| Member { parameters, buffers: buffers.replica() })
                .collect(),
            x,
            y,
            cost_weight: self.cost_weight,
        })
    }

    fn parameter_energy<'a>(&'a self, chain: usize, data: Vec<Position>) -> Box<dyn Energy + 'a> {
        let chains = data.len() / self.shard_count;
        let terms = self.terms(data);
        let key = NoiseKey { chain: chain as u64, ..self.masks };
        let stream = |batch: &Batch| NoiseStream::new(key).for_images(&batch.indices);
        let masks = match self.parameters.mode {
            NetworkMode::Evaluate => None,
            NetworkMode::Train if self.is_whole() => {
                let indices: Vec<i64> =
                    self.shards.with(|s| s.iter().flat_map(|b| b.indices.clone()).collect());
                let others = self.buffers.len() as u64;
                let stream = |term: usize| NoiseKey { chain: key.chain + others * term as u64, ..key };
                let streams = (0..terms.len()).map(|t| NoiseStream::new(stream(t)).for_images(&indices));
                Some(streams.collect())
            }
            NetworkMode::Train => Some(self.shards.with(|shards| shards.iter().map(stream).collect())),
        };
        let prior_precision = match self.parameters.prior {
            Prior::Flat => 0.0,
            Prior::Gaussian(scale) => 1.0 / (scale * scale * self.training_images as f64),
        };
        Box::new(Risk {
            architecture: self.architecture.clone(),
            workers: self.workers,
            passes: self.passes(chains, terms.len()),
            terms,
            masks: RefCell::new(masks),
            buffers: &self.buffers[chain],
            prior_precision,
            last_loss: &self.losses[chain],
        })
    }
}

impl BatchConditionals<'_> {
    /// Whether the network's batch statistics forbid cutting the batch.
    fn is_whole(&self) -> bool {
        self.architecture.has_batch_statistics() && self.parameters.mode == NetworkMode::Train
    }

    /// The order in which passes of `terms` whole batches, of which the data of `chains` come first, move running
    /// statistics. A sum over chains counts the clean images after those of every chain, and so do the statistics.
    fn passes(&self, chains: usize, terms: usize) -> Vec<usize> {
        match self.parameters.reduction {
            Reduction::Sum if chains > 0 && terms > chains => (0..chains).flat_map(|k| [k, chains]).collect(),
            _ => vec![],
        }
    }

    /// The losses that eq. 7 adds up, adversarial and clean.
    fn terms(&self, data: Vec<Position>) -> Vec<Term> {
        let ParameterSettings { clean_weight, reduction, .. } = self.parameters;
        let chains = data.len() / self.shard_count;
        // Without data chains all weight is on the clean images.
        let clean_weight = if chains == 0 { 1.0 } else { clean_weight };
        let (adversarial, clean) = match reduction {
            Reduction::Mean => ((1.0 - clean_weight) / chains as f64, clean_weight),
            Reduction::Sum => (1.0 - clean_weight, clean_weight * chains.max(1) as f64),
        };
        let clean_batches = self.shards.replica();
        let mut terms = Vec::new();
        let mut put = |x: Tensor, shard: usize, weight: f64| {
            let y = clean_batches[shard].y.shallow_clone();
            terms.push(Term { x, y, weight: weight / self.images as f64, shard });
        };
        for (block, position) in data.into_iter().enumerate() {
            put(position.first().shallow_clone(), block % self.shard_count, adversarial);
        }
        if clean > 0.0 {
            for (shard, batch) in clean_batches.iter().enumerate() {
                put(batch.x.shallow_clone(), shard, clean);
            }
        }
        if self.is_whole() { self.joined(&terms) } else { terms }
    }

    /// The terms with the shards of each set of images put together again; each is a shard of its own.
    fn joined(&self, terms: &[Term]) -> Vec<Term> {
        let join = |parts: &[Term], of: fn(&Term) -> &Tensor| {
            Tensor::cat(&parts.iter().map(of).collect::<Vec<_>>(), 0)
        };
        terms
            .chunks(self.shard_count)
            .enumerate()
            .map(|(shard, parts)| Term {
                x: join(parts, |t| &t.x),
                y: join(parts, |t| &t.y),
                weight: parts[0].weight,
                shard,
            })
            .collect()
    }
}
