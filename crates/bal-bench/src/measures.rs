//! The parts of training and evaluation that are timed whole.

use crate::Problem;
use anyhow::{Result, bail};
use bal_attacks::{AttackName, AttackSpec, PgdSettings, Protocol, Radii};
use bal_baselines::{
    AdversarialTraining, Bal, CrossEntropy, DataEnergy, Epochs, NetworkMode, Pixels, PriorEnergy, Risk, Term,
};
use bal_core::{
    Architecture, Batch, Energy, EnsembleGradient, Member, Method, NoiseGenerator, NoiseKey, NoiseStream,
    Position, Posterior, Prediction, Purpose, Replicate, SHARD, Task, TaskNetwork, Workers,
};
use bal_models::Ensemble;
use bal_samplers::Adam;
use serde::Deserialize;
use std::{ops::ControlFlow, sync::Arc, time::Instant};
use tch::Device;

/// Radius of PGD.
const RADIUS: f64 = 0.1;

/// Something to time; `chains` counts networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// One step of all data chains of a batch.
    DataStep,
    /// One step of all parameter chains on a batch, adversarial and clean.
    ParameterStep,
    /// A sweep of `released`: 15 steps of each.
    Sweep,
    /// An epoch of empirical risk minimisation.
    ErmEpoch,
    /// FGSM at ten radii.
    FgsmCurve,
    /// PGD at one radius.
    Pgd,
}

impl Measure {
    /// Seconds of one of them.
    ///
    /// # Errors
    /// Whatever training or the attack refuse.
    pub fn seconds(self, problem: &Problem, chains: usize) -> Result<f64> {
        match self {
            Self::DataStep => data_step(problem, chains),
            Self::ParameterStep => parameter_step(problem, chains),
            Self::Sweep => sweep(problem, chains),
            Self::ErmEpoch => erm_epoch(problem),
            Self::FgsmCurve => {
                let radii = (0..10).map(|i| 0.15 * f64::from(i) / 9.0).collect();
                evaluation(problem, chains, AttackName::Fgsm.into(), radii)
            }
            Self::Pgd => {
                let pgd = PgdSettings { steps: problem.sizes.pgd_steps, ..PgdSettings::default() };
                evaluation(problem, chains, AttackSpec::Pgd(pgd), vec![RADIUS])
            }
        }
    }
}

impl Problem {
    /// The energy of the images of `shard` given `members`, in the unit of one image.
    pub fn data_energy(&self, members: Vec<Member>, shard: &Batch) -> Result<DataEnergy> {
        let Some(data) = self.bal.data else { bail!("the experiment has no [bal.data]") };
        Ok(DataEnergy {
            members,
            generator: Arc::new(Pixels::default()),
            objective: Arc::new(CrossEntropy),
            clean: shard.replicate(),
            cost_weight: data.cost_weight * self.sizes.batch as f64,
        })
    }

    /// Gradients that another implementation should agree with: of the batch's images, and of the first
    /// network's weights without dropout, both as means over the batch.
    ///
    /// # Errors
    /// When the experiment has no data chains.
    pub fn gradients(&self, chains: usize) -> Result<(Position, Position)> {
        let batch = self.batch();
        let mut image = self.data_energy(self.members(chains), &batch)?;
        // A mean over the batch, the cost aside: at the clean image its gradient is 0.
        image.cost_weight = 0.0;
        let (at, mut silence) = (Position::new(vec![batch.x.detach()]), NoiseStream::silent());
        let mut at_image = image.gradient(&at, &mut silence).gradient;
        let _ = at_image.tensors_mut()[0].g_div_scalar_(batch.len() as f64);
        let Member { network, parameters, buffers } = self.members(1).remove(0);
        let risk = risk(&network, &self.workers, &batch.shards(SHARD), buffers, NetworkMode::Evaluate);
        Ok((at_image, risk.gradient(&parameters, &mut silence).gradient))
    }

    fn noise(purpose: Purpose, chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose, sweep: 0, chain })
    }
}

/// The energy of weights on these shards, each counted twice: once as adversarial, once as clean.
pub fn risk<'a>(
    architecture: &Arc<dyn Architecture>,
    workers: &'a Workers,
    shards: &[Batch],
    buffers: Position,
    mode: NetworkMode,
) -> Risk<'a> {
    let images: usize = shards.iter().map(Batch::len).sum();
    let term = |shard: &Batch| Term::clean(shard.replicate(), 0.5 / images as f64);
    Risk {
        architecture: architecture.clone(),
        objective: Arc::new(CrossEntropy),
        workers,
        shards: shards.iter().map(|shard| vec![term(shard), term(shard)]).collect(),
        mode,
        buffers,
        passes: vec![],
        prior: PriorEnergy::none(),
    }
}

fn data_step(problem: &Problem, chains: usize) -> Result<f64> {
    let Some(data) = problem.bal.data else { bail!("the experiment has no [bal.data]") };
    let kernel = data.sampler.kernel_in_unit(problem.sizes.batch as f64)?;
    let batch = problem.batch();
    let shards = batch.shards(SHARD);
    let tasks: Result<Vec<_>> = shards
        .iter()
        .map(|shard| {
            let noise = Problem::noise(Purpose::Data, 0).for_images(&shard.indices);
            Ok((shard.replicate(), problem.data_energy(problem.members(chains), shard)?, noise))
        })
        .collect();
    let tasks = tasks?;
    let begin = Instant::now();
    let ends = problem.workers.map(tasks, |(shard, energy, mut noise)| {
        let mut state = kernel.start(Position::new(vec![shard.x.copy()]));
        for _ in 0..data.steps {
            let gradient = energy.gradient(&state.position, &mut NoiseStream::silent()).gradient;
            kernel.step(&mut state, &gradient, &mut noise)?;
        }
        Ok(())
    });
    ends.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(begin.elapsed().as_secs_f64() / data.steps as f64)
}

fn parameter_step(problem: &Problem, chains: usize) -> Result<f64> {
    let settings = problem.bal.parameters;
    let kernel = settings.sampler.kernel()?;
    let batch = problem.batch();
    let members = problem.members(chains).into_iter().zip(0..);
    let tasks: Vec<_> =
        members.map(|(member, chain)| (chain, member.duplicate(), batch.shards(SHARD).replicate())).collect();
    let workers = &problem.workers;
    let begin = Instant::now();
    let ends = workers.map(tasks, |(chain, Member { network, parameters, buffers }, shards)| {
        let indices: Vec<i64> = shards.iter().flat_map(|shard| shard.indices.clone()).collect();
        let mut masks = Problem::noise(Purpose::Dropout, chain).for_images(&indices);
        let risk = risk(&network, workers, &shards, buffers, NetworkMode::Train);
        let mut noise = Problem::noise(Purpose::Parameters, chain);
        let mut state = kernel.start(parameters);
        for _ in 0..settings.steps {
            let gradient = risk.gradient(&state.position, &mut masks).gradient;
            kernel.step(&mut state, &gradient, &mut noise)?;
        }
        Ok(())
    });
    ends.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(begin.elapsed().as_secs_f64() / settings.steps as f64)
}

/// One sweep of the method itself: an epoch of as many images as a batch has.
fn sweep(problem: &Problem, chains: usize) -> Result<f64> {
    let batch_size = problem.sizes.batch as usize;
    let method = Bal::new(bal_baselines::BalSettings {
        parameter_chains: chains as u64,
        schedule: Epochs::new(1, batch_size),
        ..problem.bal.clone()
    })?;
    fit(problem, &method, problem.sizes.batch, problem.members(1).pop())
}

fn erm_epoch(problem: &Problem) -> Result<f64> {
    let epochs = Epochs::new(1, problem.sizes.batch as usize);
    fit(problem, &AdversarialTraining::erm(Adam::new(problem.adam)?, epochs)?, problem.sizes.train, None)
}

fn fit(problem: &Problem, method: &dyn Method, images: i64, start: Option<Member>) -> Result<f64> {
    let (images, held_out) = (problem.train(images), problem.train(0));
    let task = Task {
        networks: vec![TaskNetwork { start, ..TaskNetwork::new(problem.architecture.clone()) }],
        images: &images,
        held_out: &held_out,
        seed: 1,
        generator: NoiseGenerator::ChaCha8,
        workers: &problem.workers,
        resume: None,
    };
    let begin = Instant::now();
    method.fit(&task, &mut |_| ControlFlow::Continue(()))?;
    Ok(begin.elapsed().as_secs_f64())
}

fn evaluation(problem: &Problem, chains: usize, attack: AttackSpec, radii: Vec<f64>) -> Result<f64> {
    let posterior = Posterior {
        members: problem.members(chains),
        prediction: Prediction::MeanProbability,
        ensemble_gradient: EnsembleGradient::Predictive,
        mixing: None,
        regime: None,
        precisions: vec![],
        laplace: None,
        class_names: None,
        columns: None,
    };
    let model = Ensemble::new(&posterior, Device::Cpu)?;
    let radii = Radii::new(radii)?;
    let attack = attack.build()?;
    let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed: 1 };
    let test = problem.test();
    let begin = Instant::now();
    bal_attacks::evaluate(&model, &test, &protocol, &problem.workers, &|_| {})?;
    Ok(begin.elapsed().as_secs_f64())
}
