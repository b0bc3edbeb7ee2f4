//! Training methods: settings that turn a task into a posterior.

use crate::{
    Architecture, CoreError, GibbsError, Images, Lost, Member, NoiseGenerator, NoiseKey, NoiseStream,
    Position, Posterior, Role, State, SweepError, Workers,
};
use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
};
use tch::Tensor;

/// A network of a task, and how many chains move weights of it.
#[derive(Debug)]
pub struct TaskNetwork {
    /// The network.
    pub architecture: Arc<dyn Architecture>,
    /// Weights to start from; without them the architecture's own initial ones.
    pub start: Option<Member>,
    /// Parameter chains. The last network of a task has all that are left.
    pub chains: u64,
}

impl TaskNetwork {
    /// The network with all chains, from its own initial weights.
    pub fn new(architecture: Arc<dyn Architecture>) -> Self {
        Self { architecture, start: None, chains: 1 }
    }
}

/// What a method is to be trained on, and from where.
#[derive(Debug)]
pub struct Task<'a> {
    /// The networks, which have images and classes in common; at least one, and one for a point estimate.
    pub networks: Vec<TaskNetwork>,
    /// The training images.
    pub images: &'a Images,
    /// Training images kept apart, for diagnostics; may be empty.
    pub held_out: &'a Images,
    /// The run's seed.
    pub seed: u64,
    /// What makes the noise of chains, masks and attacks. Initial weights and the order of the images are always `ChaCha8`'s.
    pub generator: NoiseGenerator,
    /// Threads to work on.
    pub workers: &'a Workers,
    /// Where an interrupted run left off.
    pub resume: Option<Checkpoint>,
}

impl Task<'_> {
    /// The number of the network whose weights chain number `chain` moves.
    pub fn network_of(&self, chain: usize) -> usize {
        let mut ends = self.networks.iter().scan(0, |end, network| {
            *end += network.chains as usize;
            Some(*end)
        });
        let last = self.networks.len().saturating_sub(1);
        ends.position(|end| chain < end).unwrap_or(last)
    }

    /// The network whose weights chain number `chain` moves.
    ///
    /// # Panics
    /// Without a network.
    pub fn architecture(&self, chain: usize) -> &Arc<dyn Architecture> {
        &self.networks[self.network_of(chain)].architecture
    }

    /// The noise of this key.
    pub fn noise(&self, key: NoiseKey) -> NoiseStream {
        NoiseStream::by(self.generator, key)
    }

    /// The only network, of a point estimate.
    ///
    /// # Errors
    /// [`TrainError::Setting`] when there are several.
    pub fn only_network(&self) -> Result<&TaskNetwork, TrainError> {
        match self.networks.as_slice() {
            [one] => Ok(one),
            several => Err(TrainError::Setting {
                setting: "networks".into(),
                value: several.len().to_string(),
                why: "a point estimate is one network".into(),
            }),
        }
    }
}

/// A chain between two sweeps.
#[derive(Debug)]
pub struct ChainState {
    /// Position and memory.
    pub state: State,
    /// Batch statistics beside the position.
    pub buffers: Position,
}

impl ChainState {
    /// The same chain with memory of its own.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let State { position, memory, step, .. } = &self.state;
        Self {
            state: State::new(position.duplicate(), memory.iter().map(Position::duplicate).collect())
                .after(*step),
            buffers: self.buffers.duplicate(),
        }
    }
}

/// Everything that a method needs to continue after a sweep.
#[derive(Debug)]
pub struct Checkpoint {
    /// Sweeps done.
    pub sweep: u64,
    /// The chains.
    pub chains: Vec<ChainState>,
    /// Samples collected so far.
    pub samples: Vec<Member>,
    /// What else the method keeps, by name: traces, persistent data chains.
    pub extras: Vec<(String, Tensor)>,
}

/// Numbers of one sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Training loss as the method weights it, mean over images and parameter chains, before the
    /// sweep's last step; without a prior's part.
    pub loss: f64,
    /// Largest change of a pixel, mean over images, where the method perturbs them.
    pub linf: Option<f64>,
    /// Euclidean size of the change, mean over images.
    pub l2: Option<f64>,
    /// Energy per image of the data chains (eq. 6), before the last inner step.
    pub data_energy: Option<f64>,
    /// Energy of the parameter chains (eq. 7), mean over chains, before the last inner step.
    pub parameter_energy: Option<f64>,
    /// Temperature of the parameter chains by the virial theorem, as a multiple of the posterior's, mean over chains and
    /// weights, before the last inner step: a single draw, whose mean over sweeps counts. Where the prior is proper.
    pub configurational_temperature: Option<f64>,
}

/// News after each sweep.
pub struct Progress<'a> {
    /// Sweeps done.
    pub sweep: u64,
    /// Sweeps in all.
    pub sweeps: u64,
    /// The epoch that the sweep belongs to, from 1.
    pub epoch: u64,
    /// The sweep's numbers.
    pub metrics: Metrics,
    /// Makes a checkpoint of this moment.
    pub checkpoint: &'a dyn Fn() -> Checkpoint,
    /// Log-probabilities of the right class of held-out images so far, `[draws, chains, images]`, in double precision;
    /// `None` where none are followed or before the first draw.
    pub traces: &'a dyn Fn() -> Option<Tensor>,
}

/// A training method: immutable settings, checked when it was made.
pub trait Method: Send + Sync + std::fmt::Debug {
    /// The field's name for it: `bal`, `wrm`, `pgd`.
    fn name(&self) -> &'static str;

    /// How many sweeps (batches) training on `images` images takes.
    fn sweeps(&self, images: u64) -> u64;

    /// Refuses what cannot end well on `images` images, before anything long begins.
    ///
    /// # Errors
    /// [`TrainError::NoSamples`] when training ends before the first sample.
    fn check(&self, _images: u64) -> Result<(), TrainError> {
        Ok(())
    }

    /// Refuses a network that the method cannot use, before anything long begins. Provided for methods that train
    /// classifiers.
    ///
    /// # Errors
    /// [`TrainError::Network`].
    fn check_network(&self, network: &dyn Architecture) -> Result<(), TrainError> {
        Role::Classifier.check(self.name(), network)
    }

    /// Whether several processes share its work out ([`Workers::share`]); else each would do all of it.
    fn is_shared(&self) -> bool {
        false
    }

    /// Trains. `observe` is told after each sweep and may end the run early by breaking.
    ///
    /// The same task gives the same bits on any number of workers, of one process or several, and from any checkpoint.
    ///
    /// # Errors
    /// [`TrainError`].
    fn fit(
        &self,
        task: &Task,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<Posterior, TrainError>;
}

/// Why training ended without a posterior.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A chain left the finite numbers.
    #[error("sweep {sweep}: {source}; nothing after the last checkpoint is kept")]
    Diverged {
        /// The sweep, from 1.
        sweep: u64,
        /// Which chain, and when.
        source: GibbsError,
    },
    /// A process that does a part of the work is lost.
    #[error("sweep {sweep}: {source}")]
    Lost {
        /// The sweep that was not made, from 1.
        sweep: u64,
        /// Which, and what is known of it.
        source: Lost,
        /// Where the run goes on: after the last whole sweep, if this run made one. Under a lock, as errors are shared between
        /// threads and tensors are not.
        checkpoint: Option<Box<Mutex<Checkpoint>>>,
    },
    /// A setting that cannot work.
    #[error("{setting} = {value}: {why}")]
    Setting {
        /// The setting's key in an experiment.
        setting: String,
        /// Its value.
        value: String,
        /// What is wrong with it and what would do.
        why: String,
    },
    /// A count or another setting of the core.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The inner attack failed.
    #[error("sweep {sweep}: the inner attack failed: {reason}")]
    Attack {
        /// The sweep, from 1.
        sweep: u64,
        /// What went wrong.
        reason: String,
    },
    /// A checkpoint that does not belong to this task.
    #[error("the checkpoint does not fit this experiment: {0}; remove it to begin anew")]
    Checkpoint(String),
    /// There is nothing to train on.
    #[error("there are no training images left: {0}")]
    NoImages(String),
    /// A network that the method cannot use.
    #[error("[{method}] cannot use the network {network}: {why}")]
    Network {
        /// The method.
        method: &'static str,
        /// The network's name.
        network: String,
        /// Why not, and what would do.
        why: String,
    },
    /// Samples were asked for, but none was kept.
    #[error("no sample is kept in {sweeps} sweeps; a shorter burn-in or thinning would keep some")]
    NoSamples {
        /// Sweeps in all.
        sweeps: u64,
    },
}

impl TrainError {
    /// Why sweep number `sweep` was not made.
    pub fn of_sweep(sweep: u64, error: SweepError) -> Self {
        match error {
            SweepError::Diverged(source) => Self::Diverged { sweep, source },
            SweepError::Lost(source) => Self::Lost { sweep, source, checkpoint: None },
        }
    }
}
