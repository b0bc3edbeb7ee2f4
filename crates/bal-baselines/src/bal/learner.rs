//! The state of a run of Bayesian adversarial learning, sweep by sweep.

use super::{
    conditionals::{BatchConditionals, DATA, PARAMETERS, PRECISIONS},
    data_chain::DataChain,
    prior_precisions::PriorPrecisions,
    settings::{BalSettings, DataSettings, DataStart, Samples, refused},
};
use crate::{
    Prior,
    epochs::Learner,
    objective::{objective, shard},
    perturb::sizes,
    start,
    traces::{self, Traces},
};
use bal_core::{
    Architecture, Batch, Block, Chain, ChainState, Checkpoint, Generator, Kernel, Member, Metrics, NoiseKey,
    NoiseStream, Objective, Position, Purpose, Replicate, Shared, State, Task, TrainError,
    sweep as sweep_blocks,
};
use bal_diagnostics::{Marginal, Mixing, Regime};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// The name under which checkpoints keep persistent data chains.
const KEPT: &str = "data";

/// What the adversary does.
#[derive(Debug)]
pub(super) struct Game {
    pub(super) generator: Arc<dyn Generator>,
}

impl Game {
    /// The generator as it is in sweep number `sweep`, counted from 1.
    fn generator(&self, sweep: u64) -> Arc<dyn Generator> {
        self.generator.in_sweep(sweep).unwrap_or_else(|| self.generator.clone())
    }
}

pub(super) struct BalLearner<'a> {
    settings: &'a BalSettings,
    game: &'a Game,
    task: &'a Task<'a>,
    objective: Arc<dyn Objective>,
    /// The network of each parameter chain.
    architectures: Vec<Arc<dyn Architecture>>,
    chains: Vec<ChainState>,
    /// Under a hierarchical prior.
    precisions: Option<PriorPrecisions>,
    samples: Vec<Member>,
    traces: Traces,
    /// How data chains move in batches of a size, the last one's.
    data_kernel: Option<(usize, Arc<dyn Kernel>)>,
    /// Persistent data chains, `[S_z, N, c, h, w]`.
    data: Option<Tensor>,
}

impl<'a> BalLearner<'a> {
    /// The run before its first sweep, or as its checkpoint left it; and the sweeps done.
    pub(super) fn begin(
        settings: &'a BalSettings,
        game: &'a Game,
        task: &'a Task<'a>,
    ) -> Result<(Self, u64), TrainError> {
        let kernel = settings.parameters.kernel(1, task.images.len() as u64)?;
        let fresh: Vec<ChainState> = start::members(task, settings.parameter_chains)
            .into_iter()
            .map(|m| ChainState { state: kernel.start(m.parameters), buffers: m.buffers })
            .collect();
        let traces = Traces::new(settings.mixing, task.held_out);
        let persistent = settings.data.is_some_and(|data| data.start == DataStart::Persistent);
        let data = persistent.then(|| {
            let all = task.images.batch(&(0..task.images.len()).collect::<Vec<_>>());
            // Persistent chains begin at the clean images, which draws nothing.
            let start = game.generator.start(&all, &mut NoiseStream::silent());
            let chains =
                settings.data_chains * if settings.plays_apart() { settings.parameter_chains } else { 1 };
            start.first().unsqueeze(0).repeat([chains as i64, 1, 1, 1, 1])
        });
        let precisions = PriorPrecisions::begin(settings, &fresh, task.images.len() as u64);
        let (samples, data_kernel) = (vec![], None);
        let architectures =
            (0..settings.parameter_chains).map(|chain| task.architecture(chain as usize).clone()).collect();
        let mut learner = Self {
            settings,
            game,
            task,
            objective: objective(task.architecture(0).as_ref()),
            architectures,
            chains: fresh,
            precisions,
            samples,
            traces,
            data_kernel,
            data,
        };
        let Some(checkpoint) = &task.resume else { return Ok((learner, 0)) };
        learner.chains = start::resumed(checkpoint, &learner.chains)?;
        learner.samples = checkpoint.samples.iter().map(Member::duplicate).collect();
        for (name, tensor) in &checkpoint.extras {
            if let Some(precisions) = &mut learner.precisions
                && precisions.restore(name, tensor)?
            {
                continue;
            }
            match name.as_str() {
                traces::KEY => learner.traces.restore(tensor),
                KEPT if learner.data.as_ref().is_some_and(|d| d.size() == tensor.size()) => {
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

    /// At what temperature the parameter chains ran in sweep number `sweep`, the last, and what their preconditioner follows.
    pub(super) fn regime(&self, sweep: u64) -> Regime {
        let parameters = &self.settings.parameters;
        let states: Vec<&State> = self.chains.iter().map(|chain| &chain.state).collect();
        let unit = parameters.energy.posterior_temperature(self.task.images.len() as u64);
        parameters.sampler_in(sweep).regime(&states, unit)
    }

    /// The precisions of a hierarchical prior, in short; none under another.
    pub(super) fn precisions(&self) -> Vec<Marginal> {
        let chains = |of: usize| {
            let all = 0..self.architectures.len();
            all.filter(|&chain| self.task.network_of(chain) == of).collect::<Vec<usize>>()
        };
        let networks = self.task.networks.iter().enumerate();
        let networks: Vec<_> = networks.map(|(of, network)| (&network.architecture, chains(of))).collect();
        self.precisions.as_ref().map_or(vec![], |precisions| precisions.marginals(&networks))
    }

    /// What the weights times their gradient say of the chains' temperature; nothing under an improper prior.
    fn configurational_temperature(&self, parameters: &Block) -> Option<f64> {
        // Chains see the mean over the images, whatever the settings are about.
        let unit = self.task.images.len() as f64;
        let weights: usize = parameters.chains.iter().map(|chain| chain.state.position.numel()).sum();
        let virial: f64 = parameters.chains.iter().map(|chain| chain.virial).sum();
        (self.settings.parameters.prior != Prior::Flat && weights > 0).then(|| unit * virial / weights as f64)
    }

    /// The posterior's members: those of the first network, then those of the next.
    pub(super) fn into_members(self) -> Vec<Member> {
        match self.settings.samples {
            Samples::Thinned { .. } => {
                let chains = self.architectures.len();
                let mut samples: Vec<(usize, Member)> = self.samples.into_iter().enumerate().collect();
                // Stable: within a network sample by sample, and in a sample chain by chain.
                samples.sort_by_key(|(place, _)| self.task.network_of(place % chains));
                samples.into_iter().map(|(_, member)| member).collect()
            }
            Samples::Last => self.architectures.iter().zip(self.chains).map(into_member).collect(),
        }
    }

    fn key(&self, purpose: Purpose, sweep: u64) -> NoiseKey {
        NoiseKey { seed: self.task.seed, purpose, sweep, chain: 0 }
    }

    /// The kernel of the data chains for a batch of `images` images: made anew where their number is another.
    fn data_kernel(&mut self, data: &DataSettings, images: usize) -> Result<Arc<dyn Kernel>, TrainError> {
        if let Some((_, kernel)) = self.data_kernel.as_ref().filter(|(size, _)| *size == images) {
            return Ok(kernel.clone());
        }
        let kernel = data.sampler.kernel_in_unit(self.settings.energy_per_image(images));
        let kernel = kernel.map_err(|e| refused("data", &e))?;
        self.data_kernel = Some((images, kernel.clone()));
        Ok(kernel)
    }

    /// The number of a data chain among all of an image's.
    fn number(&self, place: &DataChain) -> usize {
        place.number(self.settings.data_chains as usize)
    }

    /// The block of these data chains.
    fn data_block(
        &mut self,
        settings: &DataSettings,
        sweep: u64,
        generator: &dyn Generator,
        shards: &[Batch],
        chains: &[DataChain],
    ) -> Result<Block, TrainError> {
        let kernel = self.data_kernel(settings, shards.iter().map(Batch::len).sum())?;
        let start = |place: &DataChain| {
            let (images, chain) = (&shards[place.shard], self.number(place));
            let key = NoiseKey { chain: chain as u64, ..self.key(Purpose::Data, sweep) };
            let mut noise = self.task.noise(key).for_images(&images.indices);
            let position = match &self.data {
                None => generator.start(images, &mut noise),
                Some(data) => {
                    let kept = data.get(chain as i64).index_select(0, &positions(images, data));
                    Position::new(vec![kept])
                }
            };
            Chain::new(kernel.start(position), noise)
        };
        let chains = chains.iter().map(start).collect();
        Ok(Block { name: DATA, kernel: kernel.clone(), steps: settings.steps, chains })
    }

    /// Keeps where persistent data chains have got to.
    fn keep_data(&self, block: &Block, chains: &[DataChain], shards: &[Batch]) {
        let Some(data) = &self.data else { return };
        for (place, chain) in chains.iter().zip(&block.chains) {
            let index = positions(&shards[place.shard], data);
            let _ = data.get(self.number(place) as i64).index_copy_(0, &index, chain.state.position.first());
        }
    }

    /// What the data chains have done to the images.
    fn measure_data(&self, block: &Block, chains: &[DataChain], shards: &[Batch], metrics: &mut Metrics) {
        let clean: Vec<&Tensor> = chains.iter().map(|place| &shards[place.shard].x).collect();
        let images = |(place, chain): (&DataChain, &Chain)| {
            self.game.generator.images(&chain.state.position, &shards[place.shard])
        };
        let z: Vec<Tensor> = chains.iter().zip(&block.chains).map(images).collect();
        let (x, z) = (Tensor::cat(&clean, 0), Tensor::cat(&z, 0).to_kind(Kind::Float));
        let (linf, l2) = sizes(&z, &x);
        (metrics.linf, metrics.l2) = (Some(linf), Some(l2));
        metrics.data_energy = Some(block.energy() / x.size()[0] as f64);
    }
}

/// Where the images of `shard` are among all, beside `data`.
fn positions(shard: &Batch, data: &Tensor) -> Tensor {
    Tensor::from_slice(&shard.indices).to_device(data.device())
}

fn into_member((network, chain): (&Arc<dyn Architecture>, ChainState)) -> Member {
    Member { network: network.clone(), parameters: chain.state.position, buffers: chain.buffers }
}

impl Learner for BalLearner<'_> {
    fn learn(&mut self, sweep: u64, batch: Batch) -> Result<Metrics, TrainError> {
        let settings = self.settings;
        let size = shard(self.architectures[0].as_ref(), self.task.workers, batch.len());
        let shards = batch.shards(size);
        let data_chains = settings.data.map_or(0, |_| settings.data_chains as usize);
        let owners = settings.plays_apart().then_some(settings.parameter_chains as usize);
        let data_chains = DataChain::all(data_chains, shards.len(), owners);
        let generator = self.game.generator(sweep);
        let mut blocks = Vec::new();
        let mut cost_weight = 0.0;
        if let Some(data) = &settings.data {
            cost_weight = data.cost_weight * settings.energy_per_image(batch.len());
            blocks.push(self.data_block(data, sweep, generator.as_ref(), &shards, &data_chains)?);
        }
        // Without the others a sweep cannot be made, and the run has to be what it was.
        let before = || self.chains.iter().map(ChainState::duplicate).collect::<Vec<_>>();
        let before = self.task.workers.are_shared().then(before);
        let (states, mut buffers): (Vec<_>, Vec<_>) =
            self.chains.drain(..).map(|c| (c.state, c.buffers)).unzip();
        let conditionals = BatchConditionals {
            architectures: self.architectures.clone(),
            generator: generator.clone(),
            objective: self.objective.clone(),
            workers: self.task.workers,
            shards: Shared::new(shards.replicate()),
            indices: batch.indices,
            data_chains,
            training_images: self.task.images.len() as u64,
            cost_weight,
            parameters: settings.parameters,
            buffers: Shared::new(buffers.replicate()),
            parameter_chains: settings.parameter_chains,
            masks: self.task.noise(self.key(Purpose::Dropout, sweep)),
        };
        let chains = states.into_iter().zip(0..).map(|(state, chain)| {
            let key = NoiseKey { chain, ..self.key(Purpose::Parameters, sweep) };
            Chain::new(state, self.task.noise(key))
        });
        blocks.push(Block {
            name: PARAMETERS,
            kernel: settings.parameters.kernel(sweep, self.task.images.len() as u64)?,
            steps: settings.parameters.steps,
            chains: chains.collect(),
        });
        blocks.extend(self.precisions.as_ref().map(|p| p.block(self.key(Purpose::Hyper, sweep))));
        if let Err(error) = sweep_blocks(self.task.workers, &conditionals, &mut blocks) {
            self.chains = before.unwrap_or_default();
            return Err(TrainError::of_sweep(sweep, error));
        }
        let mut metrics = Metrics::default();
        for block in blocks {
            if block.name == DATA {
                self.keep_data(&block, &conditionals.data_chains, &shards);
                self.measure_data(&block, &conditionals.data_chains, &shards, &mut metrics);
                continue;
            }
            if block.name == PRECISIONS {
                if let Some(precisions) = &mut self.precisions {
                    precisions.take(block, sweep);
                }
                continue;
            }
            let count = block.chains.len() as f64;
            metrics.loss = block.chains.iter().filter_map(|chain| chain.aux.loss).sum::<f64>() / count;
            metrics.parameter_energy = Some(block.energy() / count);
            metrics.configurational_temperature = self.configurational_temperature(&block);
            let moved = block.chains.into_iter().zip(buffers.drain(..));
            let state = |(chain, before): (Chain, Position)| ChainState {
                state: chain.state,
                buffers: chain.aux.buffers.unwrap_or(before),
            };
            self.chains = moved.map(state).collect();
        }
        if settings.samples.keeps(sweep) {
            let chains = self.chains.iter().map(ChainState::duplicate);
            self.samples.extend(self.architectures.iter().zip(chains).map(into_member));
        }
        self.traces.follow(sweep, self.task.workers, &self.architectures, &self.chains);
        Ok(metrics)
    }

    fn checkpoint(&self, sweep: u64) -> Checkpoint {
        let traces = self.traces.store().map(|draws| (traces::KEY.to_string(), draws));
        let data = self.data.as_ref().map(|data| (KEPT.to_string(), data.copy()));
        let precisions = self.precisions.iter().flat_map(PriorPrecisions::store);
        Checkpoint {
            sweep,
            chains: self.chains.iter().map(ChainState::duplicate).collect(),
            samples: self.samples.iter().map(Member::duplicate).collect(),
            extras: traces.into_iter().chain(data).chain(precisions).collect(),
        }
    }

    fn traces(&self) -> Option<Tensor> {
        self.traces.store()
    }
}
