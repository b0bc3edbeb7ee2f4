//! The energy of weights on a batch: mean loss, perhaps with a prior.

use crate::{NetworkMode, PriorEnergy};
use bal_core::{
    Architecture, Arrived, Aux, Batch, Carried, Energy, Evaluation, Lost, Mode, NoiseStream, Objective,
    Position, Replicate, Workers, channels_last, gradients,
};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// Images and the weight of their summed loss in the energy.
#[derive(Debug)]
pub struct Term {
    /// Images, clean or adversarial, `[n, c, h, w]`.
    pub x: Tensor,
    /// The clean images that they come from, with their labels.
    pub clean: Batch,
    /// What the sum of their losses is multiplied by.
    pub weight: f64,
}

impl Term {
    /// The clean images themselves.
    pub fn clean(clean: Batch, weight: f64) -> Self {
        Self { x: clean.x.detach(), clean, weight }
    }
}

impl Replicate for Term {
    fn replicate(&self) -> Self {
        Self { x: self.x.detach(), clean: self.clean.replicate(), weight: self.weight }
    }
}

/// The energy of a network's weights on a batch.
///
/// ```text
/// U(w) = sum_terms weight * sum_i l(x_i, y_i; w)  -  1/N log p(w)
/// ```
///
/// `l`: the objective's loss. With weights `1/B` this is the mean loss of the batch, an estimate of eq. 7's
/// `1/N sum_i l_i - 1/N log p(w)`; under a flat prior the second part is absent.
///
/// In training mode each evaluation draws new dropout masks from its noise, which has a stream per image for each shard,
/// in the shards' order; so the energy is itself an estimate. [`Aux`] has the loss without the prior's part, and the
/// batch statistics where the network moved them.
///
/// Shards are differentiated in parallel and added in order: the bits depend on how the batch was
/// cut, never on the number of workers.
pub struct Risk<'a> {
    /// The network.
    pub architecture: Arc<dyn Architecture>,
    /// What is lowered.
    pub objective: Arc<dyn Objective>,
    /// Threads for the shards.
    pub workers: &'a Workers,
    /// The batch: the terms of each shard, which are about the same images and draw from the same streams of masks, one
    /// after another.
    pub shards: Vec<Vec<Term>>,
    /// Whether dropout and batch statistics act.
    pub mode: NetworkMode,
    /// Batch statistics beside the weights, from which an evaluation begins.
    pub buffers: Position,
    /// Order in which shards update the batch statistics; one that is listed k times is applied k times. Empty: each
    /// shard once. Ignored by networks without batch statistics.
    pub passes: Vec<usize>,
    /// The prior's part.
    pub prior: PriorEnergy,
}

impl Risk<'_> {
    /// The masks of each shard, cut from `noise`; none in evaluation mode.
    fn masks(&self, noise: &mut NoiseStream) -> Vec<Option<NoiseStream>> {
        match self.mode {
            NetworkMode::Evaluate => self.shards.iter().map(|_| None).collect(),
            NetworkMode::Train => {
                let rows = self.shards.iter().map(|terms| terms.first().map_or(0, |term| term.clean.len()));
                noise.cut(rows).into_iter().map(Some).collect()
            }
        }
    }

    /// The batch statistics after the passes of shards that have moved them to `moved`.
    fn statistics(&self, moved: &[Position]) -> Option<Position> {
        let momentum = self.architecture.batch_momentum().filter(|_| !moved.is_empty())?;
        let in_order: Vec<usize> = (0..moved.len()).collect();
        let passes = if self.passes.is_empty() { &in_order } else { &self.passes };
        Some(in_turn(&self.buffers, passes.iter().map(|&shard| &moved[shard]), momentum))
    }
}

impl Energy for Risk<'_> {
    fn energy(&self, at: &Position, noise: &mut NoiseStream) -> Tensor {
        let mut total = Tensor::zeros([1], (Kind::Float, at.first().device()));
        let mut masks = self.masks(noise);
        for (terms, masks) in self.shards.iter().zip(&mut masks) {
            for term in terms {
                let (architecture, objective) = (self.architecture.as_ref(), self.objective.as_ref());
                total += loss(architecture, objective, at, &self.buffers, term, masks.as_mut()).0;
            }
        }
        noise.join(masks.into_iter().flatten());
        if self.prior.is_none() { total } else { total + self.prior.energy(at) }
    }

    fn gradient(&self, at: &Position, noise: &mut NoiseStream) -> Evaluation {
        let (architecture, objective) = (self.architecture.as_ref(), self.objective.as_ref());
        let tasks = self.tasks(at, self.masks(noise));
        let passes = self.workers.map(tasks, |shard: Shard| shard.pass(architecture, objective));
        self.added(at, noise, passes)
    }

    fn is_shareable(&self) -> bool {
        self.shards.len() > 1
    }

    /// Each process differentiates a part of the shards, always the same one, and so draws on from its masks alone.
    fn shared_gradient(&self, at: &Position, noise: &mut NoiseStream) -> Result<Evaluation, Lost> {
        let (architecture, objective) = (self.architecture.as_ref(), self.objective.as_ref());
        let masks = self.masks(noise);
        let (tasks, others) = (self.tasks(at, masks.clone()), masks);
        let mut passes = self.workers.share(tasks, |shard: Shard| shard.pass(architecture, objective))?;
        for (pass, masks) in passes.iter_mut().zip(others) {
            pass.masks = pass.masks.take().or(masks);
        }
        Ok(self.added(at, noise, passes))
    }

    fn carry(&mut self, aux: &Aux) {
        if let Some(buffers) = &aux.buffers {
            self.buffers = buffers.replicate();
        }
    }
}

impl Risk<'_> {
    /// A task for each shard.
    fn tasks(&self, at: &Position, masks: Vec<Option<NoiseStream>>) -> Vec<Shard> {
        let shards = self.shards.iter().zip(masks).map(|(terms, masks)| Shard {
            at: at.replicate(),
            buffers: self.buffers.replicate(),
            terms: terms.replicate(),
            masks,
        });
        shards.collect()
    }

    /// What the passes of all shards come to, added in their order.
    fn added(&self, at: &Position, noise: &mut NoiseStream, passes: Vec<Pass>) -> Evaluation {
        let (mut energy, mut gradient, mut moved) = (0.0, None, Vec::new());
        for pass in passes {
            noise.join(pass.masks);
            moved.extend(pass.buffers);
            energy += pass.energy;
            add(&mut gradient, pass.gradient);
        }
        let aux = Aux { loss: Some(energy), buffers: self.statistics(&moved) };
        let mut gradient = gradient.unwrap_or_else(|| at.full_like(0.0));
        if !self.prior.is_none() {
            energy += self.prior.energy(at).double_value(&[]);
            self.prior.add_gradient(at, &mut gradient);
        }
        Evaluation { energy, gradient, aux }
    }
}

/// What one task differentiates.
struct Shard {
    at: Position,
    buffers: Position,
    terms: Vec<Term>,
    masks: Option<NoiseStream>,
}

/// What comes of it.
struct Pass {
    energy: f64,
    gradient: Position,
    /// The batch statistics, where the network moved them.
    buffers: Option<Position>,
    /// The streams of masks, to draw on from.
    masks: Option<NoiseStream>,
}

/// Without the streams: the process that made it draws on from them.
impl Carried for Pass {
    fn pack(&self, bytes: &mut Vec<u8>) {
        self.energy.pack(bytes);
        self.gradient.pack(bytes);
        self.buffers.pack(bytes);
    }

    fn unpack(bytes: &mut Arrived) -> Option<Self> {
        let (energy, gradient) = (f64::unpack(bytes)?, Position::unpack(bytes)?);
        Some(Self { energy, gradient, buffers: Option::unpack(bytes)?, masks: None })
    }
}

impl Shard {
    /// The summed loss of the terms and its gradient.
    fn pass(self, architecture: &dyn Architecture, objective: &dyn Objective) -> Pass {
        let Self { at, mut buffers, terms, mut masks } = self;
        // Leaves in the layout that the convolutions want, so that no copy is differentiated.
        let leaves: Vec<Tensor> =
            at.tensors().iter().map(|w| channels_last(w).detach().set_requires_grad(true)).collect();
        let position = Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect());
        let (mut energy, mut gradient, mut moved) = (0.0, None, false);
        for term in &terms {
            let (loss, after) = loss(architecture, objective, &position, &buffers, term, masks.as_mut());
            if let Some(after) = after {
                (buffers, moved) = (after, true);
            }
            energy += loss.double_value(&[]);
            add(&mut gradient, Position::new(gradients(&loss, &leaves)));
        }
        let gradient = gradient.unwrap_or_else(|| at.full_like(0.0));
        Pass { energy, gradient, buffers: moved.then_some(buffers), masks }
    }
}

/// The weighted loss of one term and the buffers where the pass moved them.
fn loss(
    architecture: &dyn Architecture,
    objective: &dyn Objective,
    at: &Position,
    buffers: &Position,
    term: &Term,
    masks: Option<&mut NoiseStream>,
) -> (Tensor, Option<Position>) {
    let mode = masks.map_or(Mode::Evaluate, |masks| Mode::Train { masks });
    let forward = architecture.forward(at, buffers, &term.x, mode);
    (objective.loss(&forward, &term.clean) * term.weight, forward.buffers)
}

fn add(sum: &mut Option<Position>, gradient: Position) {
    match sum {
        None => *sum = Some(gradient),
        Some(sum) => sum.accumulate(&gradient),
    }
}

/// The running statistics after passes in turn, each of which has moved `start` to one of `moved`: a pass takes
/// `r` to `(1 - m) r + m b`, which is what it makes of `start` and `1 - m` of how far `r` is from there.
fn in_turn<'a>(start: &Position, moved: impl Iterator<Item = &'a Position>, momentum: f64) -> Position {
    moved.fold(start.replicate(), |running, pass| {
        let old = running.tensors().iter().zip(start.tensors());
        let both = old.zip(pass.tensors());
        Position::new(both.map(|((r, start), pass)| pass + (r - start) * (1.0 - momentum)).collect())
    })
}
