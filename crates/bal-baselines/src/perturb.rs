//! Runs an inner attack on a batch, shard by shard.

use crate::Labels;
use bal_attacks::{AttackError, FixedAttack, predicted_classes};
use bal_core::{Batch, Classifier, Member, NoiseStream, Replicate, Shared, Targets, TrainError, Workers};
use bal_models::Ensemble;
use tch::{Kind, Tensor};

/// The network in training as an attack sees it, in evaluation mode.
///
/// In single precision, as the networks themselves are trained: runs keep the bits that they had.
pub(crate) fn in_training(member: Member) -> Shared<Box<dyn Classifier>> {
    Shared::new(Box::new(Ensemble::of_one(member).with_losses_in(Kind::Float)))
}

/// The adversarial images of `batch` for one model, `[n, c, h, w]`.
pub(crate) fn perturb(
    (attack, away_from): (&dyn FixedAttack, Labels),
    workers: &Workers,
    model: &Shared<Box<dyn Classifier>>,
    batch: &Batch,
    noise: &NoiseStream,
    sweep: u64,
) -> Result<Tensor, TrainError> {
    let shards = batch.shards(workers.shard(batch.len())).iter().map(Batch::replicate).collect();
    let attacked = |shard: Batch| -> Result<Tensor, AttackError> {
        let model = model.replica();
        let shard = match away_from {
            Labels::Given => shard,
            Labels::Predicted => {
                let predicted = predicted_classes(&*model, &shard.x)?;
                Batch { targets: Targets::Classes(predicted), ..shard }
            }
        };
        attack.perturb(&*model, &shard, noise)
    };
    let results = workers.share(shards, |shard| attacked(shard).map_err(|error| error.to_string()));
    let results = results.map_err(|lost| TrainError::of_sweep(sweep, lost.into()))?;
    let shards: Result<Vec<Tensor>, String> = results.into_iter().collect();
    let shards = shards.map_err(|reason| TrainError::Attack { sweep, reason })?;
    Ok(Tensor::cat(&shards, 0))
}

/// Mean over images of the largest and of the Euclidean change of `z` from `x`.
pub(crate) fn sizes(z: &Tensor, x: &Tensor) -> (f64, f64) {
    let change = (z - x).flatten(1, -1);
    let mean = |t: Tensor| t.mean(Kind::Double).double_value(&[]);
    let linf = mean(change.abs().amax([1], false));
    (linf, mean(change.square().sum_dim_intlist(1, false, Kind::Double).sqrt()))
}
