//! The energy of weights on a batch: mean loss, perhaps with a prior.

use bal_core::{
    Architecture, Energy, Evaluation, Mode, NoiseStream, Position, Replicate, Shared, Workers, channels_last,
};
use std::{cell::RefCell, sync::Arc};
use tch::{Kind, Reduction, Tensor};

/// Images of one shard and the weight of their summed loss in the energy.
#[derive(Debug)]
pub struct Term {
    /// Images, `[n, c, h, w]`.
    pub x: Tensor,
    /// Their labels, `[n]`.
    pub y: Tensor,
    /// What the sum of their losses is multiplied by.
    pub weight: f64,
    /// Which shard they belong to: terms of one shard draw from the same stream of masks, one after another.
    pub shard: usize,
}

/// The energy of a network's weights on a batch.
///
/// ```text
/// U(w) = sum_terms weight * sum_i -log p(y_i | f(x_i; w))  +  |w|^2 / (2 s^2 N)
/// ```
///
/// With weights `1/B` this is the mean loss of the batch, an estimate of eq. 7's
/// `1/N sum_i l_i - 1/N log p(w)`; without a prior scale the second part is absent.
/// In training mode each evaluation draws new dropout masks, so the energy is itself an estimate.
///
/// Shards are differentiated in parallel and added in order: the bits depend on how the batch was
/// cut, never on the number of workers.
pub struct Risk<'a> {
    /// The network.
    pub architecture: Arc<dyn Architecture>,
    /// Threads for the shards.
    pub workers: &'a Workers,
    /// The batch.
    pub terms: Vec<Term>,
    /// Masks, one stream per shard with a row per image; none in evaluation mode.
    pub masks: RefCell<Option<Vec<NoiseStream>>>,
    /// Batch statistics beside the weights; moved by networks that have them, in training mode.
    pub buffers: &'a Shared<Position>,
    /// Which shards' passes move those, one after another: a shard that is named several times counts as if it had been
    /// passed as often. If empty, each shard's pass once, in order. Without meaning for other networks.
    pub passes: Vec<usize>,
    /// `1 / (s^2 N)` of a Gaussian prior, or 0.
    pub prior_precision: f64,
    /// Where the loss of the last evaluation goes, without the prior's part.
    pub last_loss: &'a Shared<Loss>,
}

/// A loss that threads pass on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loss(pub f64);

impl Replicate for Loss {
    fn replicate(&self) -> Self {
        *self
    }
}

impl Risk<'_> {
    fn prior(&self, at: &Position) -> Tensor {
        let squares = at.tensors().iter().map(|w| w.square().sum(Kind::Float));
        squares.reduce(|a, b| a + b).unwrap_or_default() * (0.5 * self.prior_precision)
    }
}

impl Energy for Risk<'_> {
    fn energy(&self, at: &Position) -> Tensor {
        let mut masks = self.masks.borrow_mut();
        let mut total = Tensor::zeros([1], (Kind::Float, at.first().device()));
        for term in &self.terms {
            let stream = masks.as_mut().map(|streams| &mut streams[term.shard]);
            let (loss, _) = loss(self.architecture.as_ref(), at, &self.buffers.replica(), term, stream);
            total += loss;
        }
        if self.prior_precision > 0.0 { total + self.prior(at) } else { total }
    }

    fn gradient(&self, at: &Position) -> Evaluation {
        let mut masks = self.masks.borrow_mut();
        let shards = self.terms.iter().map(|t| t.shard + 1).max().unwrap_or(0);
        let mut tasks: Vec<_> =
            (0..shards).map(|_| (at.replicate(), self.buffers.replica(), Vec::new(), None)).collect();
        for term in &self.terms {
            let (x, y) = (term.x.detach(), term.y.detach());
            tasks[term.shard].2.push(Term { x, y, weight: term.weight, shard: term.shard });
        }
        if let Some(streams) = masks.take() {
            for (task, stream) in tasks.iter_mut().zip(streams) {
                task.3 = Some(stream);
            }
        }
        let architecture = self.architecture.as_ref();
        let results = self.workers.map(tasks, |(at, buffers, terms, mut stream)| {
            let (evaluation, buffers) = differentiate(architecture, &at, buffers, &terms, stream.as_mut());
            (evaluation, buffers, stream)
        });
        let mut total: Option<Evaluation> = None;
        let (mut streams, mut moved) = (Vec::new(), Vec::new());
        for (evaluation, buffers, stream) in results {
            streams.extend(stream);
            moved.extend(buffers);
            total = Some(match total {
                None => evaluation,
                Some(mut sum) => {
                    sum.energy += evaluation.energy;
                    sum.gradient.accumulate(&evaluation.gradient);
                    sum
                }
            });
        }
        *masks = (!streams.is_empty()).then_some(streams);
        if let Some(momentum) = self.architecture.batch_momentum().filter(|_| !moved.is_empty()) {
            let in_order: Vec<usize> = (0..moved.len()).collect();
            let passes = if self.passes.is_empty() { &in_order } else { &self.passes };
            let moved = passes.iter().map(|&shard| &moved[shard]);
            self.buffers.replace(in_turn(&self.buffers.replica(), moved, momentum));
        }
        let mut total = total.unwrap_or_else(|| Evaluation { energy: 0.0, gradient: at.full_like(0.0) });
        self.last_loss.replace(Loss(total.energy));
        if self.prior_precision > 0.0 {
            total.energy += self.prior(at).double_value(&[]);
            for (g, w) in total.gradient.tensors_mut().iter_mut().zip(at.tensors()) {
                let _ = g.g_add_(&(w * self.prior_precision));
            }
        }
        total
    }
}

/// The weighted loss of one term, `[1]`, and the buffers where the pass moved them.
fn loss(
    architecture: &dyn Architecture,
    at: &Position,
    buffers: &Position,
    term: &Term,
    masks: Option<&mut NoiseStream>,
) -> (Tensor, Option<Position>) {
    let mode = masks.map_or(Mode::Evaluate, |masks| Mode::Train { masks });
    let forward = architecture.forward(at, buffers, &term.x, mode);
    let sum = forward.logits.cross_entropy_loss::<Tensor>(&term.y, None, Reduction::Sum, -100, 0.0);
    (sum * term.weight, forward.buffers)
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

/// The summed loss of a shard's terms and its gradient.
fn differentiate(
    architecture: &dyn Architecture,
    at: &Position,
    mut buffers: Position,
    terms: &[Term],
    mut masks: Option<&mut NoiseStream>,
) -> (Evaluation, Option<Position>) {
    // Leaves in the layout that the convolutions want, so that no copy is differentiated.
    let leaves: Vec<Tensor> =
        at.tensors().iter().map(|w| channels_last(w).detach().set_requires_grad(true)).collect();
    let position = Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect());
    let (mut energy, mut moved) = (0.0, false);
    let mut gradient: Option<Position> = None;
    for term in terms {
        let (loss, after) = loss(architecture, &position, &buffers, term, masks.as_deref_mut());
        if let Some(after) = after {
            (buffers, moved) = (after, true);
        }
        energy += loss.double_value(&[]);
        let gradients = Tensor::run_backward(&[&loss], &leaves, false, false).into_iter().zip(&leaves);
        // A weight that the network ignores comes back undefined: its gradient is zero.
        let here = gradients.map(|(g, leaf)| if g.defined() { g } else { leaf.detach().zeros_like() });
        let here = Position::new(here.collect());
        match &mut gradient {
            None => gradient = Some(here),
            Some(sum) => sum.accumulate(&here),
        }
    }
    let gradient = gradient.unwrap_or_else(|| at.full_like(0.0));
    (Evaluation { energy, gradient }, moved.then_some(buffers))
}
