//! What the generator lowers.

use super::AdvganSettings;
use bal_attacks::ModelFault;
use bal_core::{
    Architecture, Batch, Classifier, EnsembleGradient, Member, Mode, Position, Replicate, Shared, Workers,
    gradients,
};
use tch::{Kind, Tensor};

/// The least square of a distance whose root has a gradient.
const LEAST_SQUARE: f64 = 1e-12;

/// The generator's images, `clip(x + r G(x), 0, 1)`, with their graph where its weights have one.
pub(super) fn images(
    (network, weights, buffers): (&dyn Architecture, &Position, &Position),
    x: &Tensor,
    radius: f64,
) -> Tensor {
    (x + network.forward(weights, buffers, x, Mode::Evaluate).logits * radius).clamp(0.0, 1.0)
}

/// The energy of a generator's weights phi on a batch of B images:
///
/// ```text
/// U_G(phi) = -1/B sum_i [ a mean_v l(z_i, y_i; v) + g log D(z_i) - alpha max(0, |z_i - x_i| - c) ]
/// ```
///
/// `z_i`: its images; v: the victims, and of an ensemble its members; l: their loss, or the cap where it is above it; a:
/// `loss_weight`.
///
/// Shards are differentiated in parallel and added in order.
pub(super) struct GeneratorEnergy<'a> {
    pub(super) settings: &'a AdvganSettings,
    pub(super) victims: &'a [Shared<Box<dyn Classifier>>],
    /// The generator at the weights that are asked about.
    pub(super) generator: &'a Member,
    pub(super) discriminator: Option<Member>,
    pub(super) workers: &'a Workers,
}

/// What comes of a batch.
pub(super) struct Evaluated {
    pub(super) energy: f64,
    pub(super) gradient: Position,
    /// The images, `[B, c, h, w]`, without a graph.
    pub(super) z: Tensor,
}

/// What one worker differentiates.
struct Task {
    clean: Batch,
    generator: Member,
    discriminator: Option<Member>,
    victims: Vec<Box<dyn Classifier>>,
}

impl GeneratorEnergy<'_> {
    /// The energy and its gradient.
    pub(super) fn evaluate(&self, batch: &Batch) -> Result<Evaluated, ModelFault> {
        let task = |clean: Batch| Task {
            clean,
            generator: self.generator.replicate(),
            discriminator: self.discriminator.as_ref().map(Member::replicate),
            victims: self.victims.iter().map(Shared::replica).collect(),
        };
        let tasks = batch
            .shards(self.workers.shard(batch.len()))
            .iter()
            .map(|shard| task(shard.replicate()))
            .collect();
        let (settings, images) = (*self.settings, batch.len() as f64);
        let passes = self.workers.map(tasks, |task: Task| task.pass(&settings, images));
        let (mut energy, mut gradient, mut z) = (0.0, self.generator.parameters.full_like(0.0), vec![]);
        for pass in passes {
            let pass = pass?;
            energy += pass.energy;
            gradient.accumulate(&pass.gradient);
            z.push(pass.z);
        }
        Ok(Evaluated { energy, gradient, z: Tensor::cat(&z, 0) })
    }
}

impl Task {
    /// The shard's part, of a batch of so many images.
    fn pass(&self, settings: &AdvganSettings, images: f64) -> Result<Evaluated, ModelFault> {
        let Self { clean, generator: Member { network, parameters, buffers }, .. } = self;
        let leaves: Vec<Tensor> =
            parameters.tensors().iter().map(|t| t.detach().set_requires_grad(true)).collect();
        let weights = Position::of_leaves(leaves.iter().map(Tensor::shallow_clone).collect());
        let z = self::images((&**network, &weights, buffers), &clean.x, settings.radius);
        let (loss, slope) = self.raised(&z.detach(), settings)?;
        // Has the gradient of the loss in the weights, and not its value.
        let mut total = (&z * slope).sum(Kind::Float) * -settings.loss_weight;
        let mut energy = -settings.loss_weight * loss;
        let mut add = |part: Tensor| {
            energy += part.double_value(&[]);
            total = &total + part;
        };
        if let Some(discriminator) = &self.discriminator {
            let real = discriminator.forward(&z, Mode::Evaluate).logits.log_sigmoid();
            add(real.sum(Kind::Float) * -settings.gan_weight);
        }
        if settings.distance_weight > 0.0 {
            let bound = settings.distance_bound;
            let squares = (&z - &clean.x).flatten(1, -1).square().sum_dim_intlist(1, false, Kind::Float);
            let beyond = squares.clamp_min((bound * bound).max(LEAST_SQUARE)).sqrt() - bound;
            add(beyond.sum(Kind::Float) * settings.distance_weight);
        }
        let gradient = Position::new(gradients(&(total / images), &leaves));
        Ok(Evaluated { energy: energy / images, gradient, z: z.detach() })
    }

    /// The victims' loss, summed over images, and its gradient in the images, shaped as they are.
    fn raised(&self, z: &Tensor, settings: &AdvganSettings) -> Result<(f64, Tensor), ModelFault> {
        let objective = settings.loss.name().objective();
        let (mut loss, mut slope) = (0.0, z.zeros_like());
        for victim in &self.victims {
            let y = self.clean.classes()?;
            let (judgement, gradient) =
                objective.differentiate(&**victim, z, y, EnsembleGradient::MemberMean)?;
            let (losses, gradient) = match settings.loss_cap {
                None => (judgement.loss, gradient),
                Some(cap) => {
                    let below = judgement.loss.lt(cap).reshape([-1, 1, 1, 1]);
                    (judgement.loss.clamp_max(cap), gradient.where_self(&below, &z.zeros_like()))
                }
            };
            loss += losses.sum(Kind::Double).double_value(&[]);
            slope += gradient.to_kind(z.kind());
        }
        let victims = self.victims.len() as f64;
        Ok((loss / victims, slope / victims))
    }
}
