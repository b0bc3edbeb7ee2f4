//! The state of a run that trains a generator.

use super::{
    AdvganSettings,
    discriminator::Discriminator,
    generator::{Evaluated, GeneratorEnergy},
};
use crate::{epochs::Learner, perturb::sizes};
use bal_core::{
    Batch, ChainState, Checkpoint, Classifier, Diverged, GibbsError, Kernel, Member, Metrics, NoiseKey,
    NoiseStream, Position, Purpose, Replicate, Shared, Task, TrainError,
};
use bal_models::{AdvganDiscriminator, Sizes};
use bal_samplers::Adam;
use std::sync::Arc;
use tch::Tensor;

pub(super) struct AdvganLearner<'a> {
    settings: &'a AdvganSettings,
    adam: Adam,
    victims: &'a [Shared<Box<dyn Classifier>>],
    task: &'a Task<'a>,
    chain: ChainState,
    discriminator: Option<Discriminator>,
}

impl<'a> AdvganLearner<'a> {
    /// The run before its first sweep, or as its checkpoint left it; and the sweeps done.
    pub(super) fn begin(
        settings: &'a AdvganSettings,
        adam: Adam,
        victims: &'a [Shared<Box<dyn Classifier>>],
        task: &'a Task<'a>,
    ) -> Result<(Self, u64), TrainError> {
        let start = crate::start::members(task, 1).remove(0);
        // The radius goes with the weights, so that whoever attacks with them knows it.
        let radius = Tensor::from_slice(&[settings.radius as f32]).to_device(task.images.device());
        let chain = ChainState { state: adam.start(start.parameters), buffers: Position::new(vec![radius]) };
        let discriminator = if settings.gan_weight > 0.0 { Some(discriminator(task, adam)?) } else { None };
        let mut learner = Self { settings, adam, victims, task, chain, discriminator };
        let Some(checkpoint) = &task.resume else { return Ok((learner, 0)) };
        let chains = crate::start::resumed(checkpoint, std::slice::from_ref(&learner.chain))?;
        learner.chain =
            chains.into_iter().next().ok_or_else(|| TrainError::Checkpoint("it has no chain".into()))?;
        if let Some(discriminator) = &mut learner.discriminator {
            discriminator.restore(checkpoint)?;
        }
        Ok((learner, checkpoint.sweep))
    }

    /// The generator as it is now.
    pub(super) fn generator(&self) -> Result<Member, TrainError> {
        Ok(Member {
            network: self.task.only_network()?.architecture.clone(),
            parameters: self.chain.state.position.replicate(),
            buffers: self.chain.buffers.replicate(),
        })
    }
}

/// The discriminator of images as the task has them, with initial weights.
fn discriminator(task: &Task, adam: Adam) -> Result<Discriminator, TrainError> {
    let generator = &task.only_network()?.architecture;
    let network = AdvganDiscriminator::new(Sizes::of(&**generator));
    let network = network.map_err(|error| TrainError::Network {
        method: "advgan",
        network: AdvganDiscriminator::NAME.into(),
        why: format!("{error}; with gan_weight = 0 there is none"),
    })?;
    let key = NoiseKey { seed: task.seed, purpose: Purpose::Discriminator, sweep: 0, chain: 0 };
    let member = Member::init(&(Arc::new(network) as _), &mut NoiseStream::new(key));
    Ok(Discriminator::new(member.to_device(task.images.device()), adam))
}

impl Learner for AdvganLearner<'_> {
    /// A step of the discriminator, then one of the generator.
    fn learn(&mut self, sweep: u64, batch: Batch) -> Result<Metrics, TrainError> {
        let diverged = |block: &'static str| {
            move |source: Diverged| TrainError::Diverged {
                sweep,
                source: GibbsError { block, chain: 0, source },
            }
        };
        let generator = self.generator()?;
        let Self { settings, adam, victims, task, .. } = *self;
        if let Some(discriminator) = &mut self.discriminator {
            let step = discriminator.step((&generator, settings.radius), &batch, adam, task.workers);
            step.map_err(diverged("discriminator"))?;
        }
        let energy = GeneratorEnergy {
            settings,
            victims,
            generator: &generator,
            discriminator: self.discriminator.as_ref().map(Discriminator::member),
            workers: task.workers,
        };
        let Evaluated { energy: loss, gradient, z } = energy
            .evaluate(&batch)
            .map_err(|fault| TrainError::Attack { sweep, reason: format!("on a victim, {fault}") })?;
        drop(energy);
        drop(generator);
        let state = &mut self.chain.state;
        if !loss.is_finite() {
            return Err(diverged("generator")(Diverged::Energy { step: state.step + 1 }));
        }
        // Adam draws nothing.
        adam.step(state, &gradient, &mut NoiseStream::silent()).map_err(diverged("generator"))?;
        let (linf, l2) = sizes(&z, &batch.x);
        Ok(Metrics { loss, linf: Some(linf), l2: Some(l2), ..Metrics::default() })
    }

    fn checkpoint(&self, sweep: u64) -> Checkpoint {
        let extras = self.discriminator.as_ref().map_or(vec![], Discriminator::kept);
        Checkpoint { sweep, chains: vec![self.chain.duplicate()], samples: vec![], extras }
    }
}
