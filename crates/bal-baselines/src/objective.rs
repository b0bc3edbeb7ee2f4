//! Which loss a network is trained by.

use crate::{CrossEntropy, GaussianError, gaussian_error::LOG_ROOT_TWO_PI};
use bal_core::{Architecture, Batch, Member, Mode, Objective, Role, TrainError, Workers};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// The stakes of the game for a network that tells classes apart or says values.
pub(crate) fn objective(network: &dyn Architecture) -> Arc<dyn Objective> {
    match network.role() {
        Role::Regressor => Arc::new(GaussianError),
        _ => Arc::new(CrossEntropy),
    }
}

/// Rows of a table per task: a row is a few numbers, and a task of few rows is all overhead. Part of the protocol as
/// [`bal_core::SHARD`] is.
const ROWS: usize = 4096;

/// Images per task of a batch of `images`, or rows.
pub(crate) fn shard(network: &dyn Architecture, workers: &Workers, images: usize) -> usize {
    if network.role() == Role::Regressor { ROWS } else { workers.shard(images) }
}

/// Refuses a `network` that `method` cannot train for want of a loss.
///
/// # Errors
/// [`TrainError::Network`].
pub(crate) fn check(method: &'static str, network: &dyn Architecture) -> Result<(), TrainError> {
    if network.role() == Role::Regressor { Ok(()) } else { Role::Classifier.check(method, network) }
}

/// The logarithm of how probable the member takes each right answer to be, `[n]`: of a class its probability, of a value its
/// density. In double precision.
pub(crate) fn log_likelihood(member: &Member, batch: &Batch) -> Tensor {
    let forward = member.forward(&batch.x, Mode::Evaluate);
    if member.network.role() == Role::Regressor {
        return -(GaussianError.deviation(&forward, batch).to_kind(Kind::Double) + LOG_ROOT_TWO_PI);
    }
    let classes = batch.classes().expect("a classifier is followed on images of classes");
    forward.logits.log_softmax(-1, Kind::Double).gather(1, &classes.unsqueeze(1), false).squeeze_dim(1)
}
