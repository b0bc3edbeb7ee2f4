//! The parts of training and evaluation that are timed whole.

use crate::Problem;
use anyhow::{Result, bail};
use bal_attacks::{AttackName, AttackSettings, Protocol, Radii};
use bal_baselines::{Adam, AdversarialTraining, Bal, DataEnergy, Epochs, Loss, Risk, SHARD, Term};
use bal_core::{
    Batch, Energy, EnsembleGradient, Kernel, Member, Method, NoiseKey, NoiseStream, Position, Posterior,
    Prediction, Purpose, Replicate, Shared, Task,
};
use bal_models::Ensemble;
use bal_samplers::{Sgld, StepSize};
use serde::Deserialize;
use std::{cell::RefCell, ops::ControlFlow, time::Instant};
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
                evaluation(problem, chains, AttackName::Fgsm, None, radii)
            }
            Self::Pgd => {
                evaluation(problem, chains, AttackName::Pgd, Some(problem.sizes.pgd_steps), vec![RADIUS])
            }
        }
    }
}

impl Problem {
    /// The energy of the images of `shard` given `members`, in the unit of one image.
    pub fn data_energy(&self, members: Vec<Member>, shard: &Batch) -> Result<DataEnergy> {
        let Some(data) = self.bal.data else { bail!("the experiment has no [bal.data]") };
        Ok(DataEnergy {
            architecture: self.posterior.architecture.clone(),
            members,
            x: shard.x.detach(),
            y: shard.y.detach(),
            cost_weight: data.cost_weight * self.sizes.batch as f64,
        })
    }

    /// The two terms of each shard of the batch, adversarial and clean, with equal weights.
    pub fn terms(&self, batch: &Batch) -> Vec<Term> {
        let weight = 0.5 / batch.len() as f64;
        let shards = batch.shards(SHARD).into_iter().enumerate();
        let twice = shards.flat_map(|(shard, images)| {
            [0, 1].map(|_| Term { x: images.x.detach(), y: images.y.detach(), weight, shard })
        });
        twice.collect()
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
        let mut at_image = image.gradient(&Position::new(vec![batch.x.detach()])).gradient;
        let _ = at_image.tensors_mut()[0].g_div_scalar_(batch.len() as f64);
        let Member { parameters, buffers } = self.members(1).remove(0);
        let (buffers, last_loss) = (Shared::new(buffers), Shared::new(Loss::default()));
        let risk = Risk {
            architecture: self.posterior.architecture.clone(),
            workers: &self.workers,
            terms: self.terms(&batch),
            masks: RefCell::new(None),
            buffers: &buffers,
            passes: vec![],
            prior_precision: 0.0,
            last_loss: &last_loss,
        };
        Ok((at_image, risk.gradient(&parameters).gradient))
    }

    fn noise(purpose: Purpose, chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose, sweep: 0, chain })
    }
}

fn data_step(problem: &Problem, chains: usize) -> Result<f64> {
    let Some(data) = problem.bal.data else { bail!("the experiment has no [bal.data]") };
    let images = problem.sizes.batch as f64;
    let StepSize::Geometric { first, ratio } = data.step_size else { bail!("steps do not shrink") };
    let kernel = Sgld::new(StepSize::Geometric { first: first / images, ratio }, data.temperature * images)?;
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
            let gradient = energy.gradient(&state.position).gradient;
            kernel.step(&mut state, &gradient, &mut noise)?;
        }
        Ok(())
    });
    ends.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(begin.elapsed().as_secs_f64() / data.steps as f64)
}

fn parameter_step(problem: &Problem, chains: usize) -> Result<f64> {
    let settings = problem.bal.parameters;
    let kernel = settings.kernel()?;
    let batch = problem.batch();
    let masks = |chain: u64| {
        let stream = |shard: &Batch| Problem::noise(Purpose::Dropout, chain).for_images(&shard.indices);
        batch.shards(SHARD).iter().map(stream).collect::<Vec<_>>()
    };
    let members = problem.members(chains).into_iter().zip(0..);
    let tasks: Vec<_> = members
        .map(|(member, chain)| (chain, member.duplicate(), problem.terms(&batch), masks(chain)))
        .collect();
    let (architecture, workers) = (&problem.posterior.architecture, &problem.workers);
    let begin = Instant::now();
    let ends = workers.map(tasks, |(chain, Member { parameters, buffers }, terms, masks)| {
        let (buffers, last_loss) = (Shared::new(buffers), Shared::new(Loss::default()));
        let masks = RefCell::new(Some(masks));
        let architecture = architecture.clone();
        let risk = Risk {
            architecture,
            workers,
            terms,
            masks,
            buffers: &buffers,
            passes: vec![],
            prior_precision: 0.0,
            last_loss: &last_loss,
        };
        let mut noise = Problem::noise(Purpose::Parameters, chain);
        let mut state = kernel.start(parameters);
        for _ in 0..settings.steps {
            let gradient = risk.gradient(&state.position).gradient;
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
        architecture: problem.posterior.architecture.clone(),
        images: &images,
        held_out: &held_out,
        start,
        seed: 1,
        workers: &problem.workers,
        resume: None,
    };
    let begin = Instant::now();
    method.fit(&task, &mut |_| ControlFlow::Continue(()))?;
    Ok(begin.elapsed().as_secs_f64())
}

fn evaluation(
    problem: &Problem,
    chains: usize,
    attack: AttackName,
    steps: Option<u64>,
    radii: Vec<f64>,
) -> Result<f64> {
    let posterior = Posterior {
        architecture: problem.posterior.architecture.clone(),
        members: problem.members(chains),
        prediction: Prediction::MeanProbability,
        ensemble_gradient: EnsembleGradient::Predictive,
        mixing: None,
        class_names: None,
    };
    let model = Ensemble::new(&posterior, Device::Cpu)?;
    let radii = Radii::new(radii)?;
    let settings = AttackSettings { steps, ..AttackSettings::default() }.or(&attack.defaults());
    let attack = bal_attacks::named(attack, &settings)?;
    let protocol = Protocol { attack: &attack, radii: Some(&radii), limit: None, seed: 1 };
    let test = problem.test();
    let begin = Instant::now();
    bal_attacks::evaluate(&model, &test, &protocol, &problem.workers, &|_| {})?;
    Ok(begin.elapsed().as_secs_f64())
}
