//! The network that judges the generator's images: what it lowers, and its state between two sweeps.

use super::generator::images;
use bal_core::{
    Architecture, Batch, Checkpoint, Diverged, Kernel, Member, Mode, NoiseStream, Position, Replicate, State,
    TrainError, Workers, gradients,
};
use bal_samplers::Adam;
use std::sync::Arc;
use tch::{Kind, Tensor};

/// How the names of its tensors in a checkpoint begin.
const NAME: &str = "discriminator";

/// A discriminator in training.
///
/// ```text
/// U_D(psi) = -1/B sum_i [ log D_psi(x_i) + log(1 - D_psi(z_i)) ]
/// ```
///
/// `x_i`: clean images; `z_i`: those of the generator.
pub(super) struct Discriminator {
    network: Arc<dyn Architecture>,
    state: State,
}

struct Task {
    clean: Batch,
    generator: Member,
    judge: Member,
}

impl Discriminator {
    /// At these weights, before its first step.
    pub(super) fn new(member: Member, adam: Adam) -> Self {
        Self { network: member.network, state: adam.start(member.parameters) }
    }

    /// As it is now; it has no buffers.
    pub(super) fn member(&self) -> Member {
        Member {
            network: self.network.clone(),
            parameters: self.state.position.replicate(),
            buffers: Position::new(vec![]),
        }
    }

    /// One step on a batch and the images that the generator makes of it.
    pub(super) fn step(
        &mut self,
        (generator, radius): (&Member, f64),
        batch: &Batch,
        adam: Adam,
        workers: &Workers,
    ) -> Result<(), Diverged> {
        let task = |shard: &Batch| Task {
            clean: shard.replicate(),
            generator: generator.replicate(),
            judge: self.member(),
        };
        let tasks = batch.shards(workers.shard(batch.len())).iter().map(task).collect();
        let images = batch.len() as f64;
        let passes = workers.map(tasks, |task: Task| task.pass(radius, images));
        let (mut energy, mut gradient) = (0.0, self.state.position.full_like(0.0));
        for (part, slope) in passes {
            energy += part;
            gradient.accumulate(&slope);
        }
        if !energy.is_finite() {
            return Err(Diverged::Energy { step: self.state.step + 1 });
        }
        // Adam draws nothing.
        adam.step(&mut self.state, &gradient, &mut NoiseStream::silent())
    }

    /// Every tensor that it needs to go on, by name.
    pub(super) fn kept(&self) -> Vec<(String, Tensor)> {
        let State { position, memory, .. } = &self.state;
        let all = names(memory.len()).zip(std::iter::once(position).chain(memory));
        let named = |(name, position): (String, &Position)| {
            let tensors = position.tensors().iter().enumerate();
            tensors.map(|(i, t)| (format!("{name}.{i}"), t.copy())).collect::<Vec<_>>()
        };
        all.flat_map(named).collect()
    }

    /// Goes on where `checkpoint` left off.
    ///
    /// # Errors
    /// [`TrainError::Checkpoint`] when it lacks a tensor, or has one of another shape.
    pub(super) fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let State { position, memory, step, .. } = &mut self.state;
        for (name, position) in names(memory.len()).zip(std::iter::once(position).chain(memory)) {
            for (i, tensor) in position.tensors_mut().iter_mut().enumerate() {
                let name = format!("{name}.{i}");
                let kept = checkpoint.extras.iter().find(|(other, _)| *other == name);
                let (_, kept) = kept.ok_or_else(|| TrainError::Checkpoint(format!("`{name}` is missing")))?;
                if kept.size() != tensor.size() {
                    return Err(TrainError::Checkpoint(format!("`{name}` is of another shape")));
                }
                *tensor = kept.copy().to_device(tensor.device());
            }
        }
        *step = checkpoint.sweep;
        Ok(())
    }
}

/// What the parts of a state are called in a checkpoint: weights, then memory.
fn names(memory: usize) -> impl Iterator<Item = String> {
    std::iter::once(NAME.into()).chain((0..memory).map(|slot| format!("{NAME}.memory.{slot}")))
}

impl Task {
    /// The shard's part of the energy and of its gradient, of a batch of so many images.
    fn pass(&self, radius: f64, batch: f64) -> (f64, Position) {
        let Member { network, parameters, buffers } = &self.generator;
        let x = &self.clean.x;
        let z = tch::no_grad(|| images((&**network, parameters, buffers), x, radius));
        let leaves: Vec<Tensor> =
            self.judge.parameters.tensors().iter().map(|t| t.detach().set_requires_grad(true)).collect();
        let weights = Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect());
        let odds =
            |x: &Tensor| self.judge.network.forward(&weights, &self.judge.buffers, x, Mode::Evaluate).logits;
        // log(1 - sigmoid(a)) = log sigmoid(-a).
        let total = (odds(x).log_sigmoid() + (-odds(&z)).log_sigmoid()).sum(Kind::Float) / -batch;
        let energy = total.double_value(&[]);
        (energy, Position::new(gradients(&total, &leaves)))
    }
}
