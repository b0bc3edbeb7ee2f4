//! Runs an inner attack on a batch, shard by shard.

use bal_attacks::FixedAttack;
use bal_core::{Batch, Member, NoiseStream, Replicate, SHARD, Shared, TrainError, Workers};
use bal_models::Ensemble;
use tch::{Kind, Tensor};

/// The adversarial images of `batch` for one network in evaluation mode, `[n, c, h, w]`.
pub(crate) fn perturb(
    attack: &dyn FixedAttack,
    workers: &Workers,
    member: &Member,
    batch: &Batch,
    noise: &NoiseStream,
    sweep: u64,
) -> Result<Tensor, TrainError> {
    let member = Shared::new(member.replicate());
    let shards = batch.shards(SHARD).iter().map(Batch::replicate).collect();
    let results = workers.map(shards, |shard: Batch| {
        // In single precision, as the networks themselves are trained: runs keep the bits that they had.
        let model = Ensemble::of_one(member.replica()).with_losses_in(Kind::Float);
        attack.perturb(&model, &shard, noise)
    });
    let shards: Result<Vec<Tensor>, _> = results.into_iter().collect();
    let shards = shards.map_err(|e| TrainError::Attack { sweep, reason: e.to_string() })?;
    Ok(Tensor::cat(&shards, 0))
}

/// Mean over images of the largest and of the Euclidean change of `z` from `x`.
pub(crate) fn sizes(z: &Tensor, x: &Tensor) -> (f64, f64) {
    let change = (z - x).flatten(1, -1);
    let mean = |t: Tensor| t.mean(Kind::Double).double_value(&[]);
    let linf = mean(change.abs().amax([1], false));
    (linf, mean(change.square().sum_dim_intlist(1, false, Kind::Double).sqrt()))
}
