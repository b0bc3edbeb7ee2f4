//! The state of a run of Bayesian adversarial learning, sweep by sweep.

use super::{
    conditionals::BatchConditionals,
    method::Bal,
    settings::{DataStart, Samples},
};
use crate::{
    epochs::Learner,
    perturb::{SHARD, sizes},
    risk::Loss,
    start,
    traces::{self, Traces},
};
use bal_core::{
    Batch, Chain, ChainState, Checkpoint, Gibbs, Member, Metrics, NoiseKey, NoiseStream, Position, Purpose,
    Replicate, Shared, Sweep, Task, TrainError,
};
use bal_diagnostics::Mixing;
use tch::{Kind, Tensor};

/// The name under which checkpoints keep persistent data chains.
const DATA: &str = "data";

pub(super) struct BalLearner<'a> {
    method: &'a Bal,
    task: &'a Task<'a>,
    chains: Vec<ChainState>,
    samples: Vec<Member>,
    traces: Traces,
    /// Persistent data chains, `[S_z, N, c, h, w]`.
    data: Option<Tensor>,
}

impl<'a> BalLearner<'a> {
    /// The run before its first sweep, or as its checkpoint left it; and the sweeps done.
    pub(super) fn begin(method: &'a Bal, task: &'a Task<'a>) -> Result<(Self, u64), TrainError> {
        let settings = &method.settings;
        let gibbs = method.gibbs(settings.schedule.batch_size)?;
        let members = start::members(task, settings.parameter_chains);
        let fresh: Vec<ChainState> = members
            .into_iter()
            .map(|m| ChainState { state: gibbs.parameters().start(m.parameters), buffers: m.buffers })
            .collect();
        let traces = Traces::new(settings.mixing, task.held_out);
        let persistent = settings.data.is_some_and(|data| data.start == DataStart::Persistent);
        let data = persistent.then(|| {
            let all = task.images.batch(&(0..task.images.len()).collect::<Vec<_>>()).x;
            all.unsqueeze(0).repeat([settings.data_chains as i64, 1, 1, 1, 1])
        });
        let mut learner = Self { method, task, chains: fresh, samples: vec![], traces, data };
        let Some(checkpoint) = &task.resume else { return Ok((learner, 0)) };
        learner.chains = start::resumed(checkpoint, &learner.chains)?;
        learner.samples = checkpoint.samples.iter().map(Member::duplicate).collect();
        for (name, tensor) in &checkpoint.extras {
            match name.as_str() {
                traces::KEY => learner.traces.restore(tensor),
                DATA if learner.data.as_ref().is_some_and(|d| d.size() == tensor.size()) => {
                    learner.data = Some(tensor.copy().to_device(task.images.device()));
                }
                other => return Err(TrainError::Checkpoint(format!("its tensor `{other}` has no use here"))),
            }
        }
        Ok((learner, checkpoint.sweep))
    }

    /// Agreement of the chains.
    pub(super) fn mixing(&self) -> Option<Mixing> {
        self.traces.mixing()
    }

    /// The posterior's members.
    pub(super) fn into_members(self) -> Vec<Member> {
        match self.method.settings.samples {
            Samples::Thinned { .. } => self.samples,
            Samples::Last => self.chains.into_iter().map(into_member).collect(),
        }
    }

    fn key(&self, purpose: Purpose, sweep: u64) -> NoiseKey {
        NoiseKey { seed: self.task.seed, purpose, sweep, chain: 0 }
    }

    /// The data chains of a batch: block `k * shards + s` is chain k of shard s.
    fn data_chains(&self, gibbs: &Gibbs, sweep: u64, shards: &[Batch]) -> Vec<Chain> {
        let mut chains = Vec::new();
        if self.method.settings.data.is_none() {
            return chains;
        }
        for k in 0..self.method.settings.data_chains {
            let stream = NoiseStream::new(NoiseKey { chain: k, ..self.key(Purpose::Data, sweep) });
            for shard in shards {
                let position = match &self.data {
                    None => shard.x.copy(),
                    Some(data) => data.get(k as i64).index_select(0, &positions(shard, data)),
                };
                chains.push(Chain {
                    index: chains.len(),
                    state: gibbs.data().start(Position::new(vec![position])),
                    noise: stream.for_images(&shard.indices),
                });
            }
        }
        chains
    }

    /// Keeps where persistent data chains have got to.
    fn keep_data(&mut self, blocks: &[Chain], shards: &[Batch]) {
        let Some(data) = &mut self.data else { return };
        for (block, chain) in blocks.iter().enumerate() {
            let (k, shard) = (block / shards.len(), &shards[block % shards.len()]);
            let index = positions(shard, data);
            let _ = data.get(k as i64).index_copy_(0, &index, chain.state.position.first());
        }
    }
}

/// Where the images of `shard` are among all, beside `data`.
fn positions(shard: &Batch, data: &Tensor) -> Tensor {
    Tensor::from_slice(&shard.indices).to_device(data.device())
}

fn into_member(chain: ChainState) -> Member {
    Member { parameters: chain.state.position, buffers: chain.buffers }
}

impl Learner for BalLearner<'_> {
    fn learn(&mut self, sweep: u64, batch: Batch) -> Result<Metrics, TrainError> {
        let gibbs = self.method.gibbs(batch.len())?;
        let shards = batch.shards(SHARD);
        let (states, buffers): (Vec<_>, Vec<_>) =
            self.chains.drain(..).map(|c| (c.state, Shared::new(c.buffers))).unzip();
        let conditionals = BatchConditionals {
            architecture: self.task.architecture.clone(),
            workers: self.task.workers,
            shard_count: shards.len(),
            shards: Shared::new(shards.replicate()),
            images: batch.len(),
            training_images: self.task.images.len() as u64,
            cost_weight: self.method.cost_weight(batch.len()),
            parameters: self.method.settings.parameters,
            losses: states.iter().map(|_| Shared::new(Loss::default())).collect(),
            buffers,
            masks: self.key(Purpose::Dropout, sweep),
        };
        let parameters = states.into_iter().enumerate().map(|(index, state)| {
            let key = NoiseKey { chain: index as u64, ..self.key(Purpose::Parameters, sweep) };
            Chain { index, state, noise: NoiseStream::new(key) }
        });
        let data = self.data_chains(&gibbs, sweep, &shards);
        let swept = gibbs
            .sweep(self.task.workers, &conditionals, data, parameters.collect())
            .map_err(|source| TrainError::Diverged { sweep, source })?;
        let BatchConditionals { buffers, losses, .. } = conditionals;
        let Sweep { data, parameters, data_energy, parameter_energy } = swept;
        let chains = parameters.into_iter().zip(buffers);
        self.chains =
            chains.map(|(c, buffers)| ChainState { state: c.state, buffers: buffers.replica() }).collect();
        self.keep_data(&data, &shards);
        if matches!(self.method.settings.samples, Samples::Thinned { .. }) && gibbs.schedule().keeps(sweep) {
            self.samples.extend(self.chains.iter().map(ChainState::duplicate).map(into_member));
        }
        self.traces.follow(sweep, self.task.workers, &self.task.architecture, &self.chains);
        let loss = losses.iter().map(|l| l.replica().0).sum::<f64>() / losses.len() as f64;
        let mut metrics = Metrics { loss, parameter_energy: Some(parameter_energy), ..Metrics::default() };
        if !data.is_empty() {
            let z: Vec<Tensor> = data.iter().map(|c| c.state.position.first().shallow_clone()).collect();
            let x = batch.x.repeat([self.method.settings.data_chains as i64, 1, 1, 1]);
            let (linf, l2) = sizes(&Tensor::cat(&z, 0).to_kind(Kind::Float), &x);
            let images = (batch.indices.len() as u64 * self.method.settings.data_chains) as f64;
            (metrics.linf, metrics.l2) = (Some(linf), Some(l2));
            metrics.data_energy = Some(data_energy / images);
        }
        Ok(metrics)
    }

    fn checkpoint(&self, sweep: u64) -> Checkpoint {
        let traces = self.traces.store().map(|draws| (traces::KEY.to_string(), draws));
        let data = self.data.as_ref().map(|data| (DATA.to_string(), data.copy()));
        Checkpoint {
            sweep,
            chains: self.chains.iter().map(ChainState::duplicate).collect(),
            samples: self.samples.iter().map(Member::duplicate).collect(),
            extras: traces.into_iter().chain(data).collect(),
        }
    }

    fn traces(&self) -> Option<Tensor> {
        self.traces.store()
    }
}
