//! The width that held-out images find likeliest.

use super::{Width, curvature::unsuited};
use bal_core::{
    Architecture, Batch, Images, Member, Mode, Prediction, Replicate, TrainError, Tried, Workers,
};
use tch::{Kind, Tensor};

/// Tries every width, and returns the likeliest with what all of them gave. The first of equals is taken.
///
/// `members`: the networks of a width.
///
/// # Errors
/// [`TrainError::Network`] when the logits are finite at no width.
pub(super) fn likeliest(
    network: &dyn Architecture,
    widths: &[Width],
    members: impl Fn(Width) -> Vec<Member>,
    held_out: &Images,
    workers: &Workers,
) -> Result<(Width, Vec<Tried>), TrainError> {
    let (mut best, mut tried) = (None, Vec::new());
    for &width in widths {
        let log_likelihood = log_likelihood(&members(width), held_out, workers);
        // Weights that are too wide overflow.
        if !log_likelihood.is_finite() {
            continue;
        }
        let Width { scale, precision } = width;
        tried.push(Tried { scale, precision, log_likelihood });
        if best.is_none_or(|(_, greatest)| log_likelihood > greatest) {
            best = Some((width, log_likelihood));
        }
    }
    match best {
        Some((width, _)) => Ok((width, tried)),
        None => {
            Err(unsuited(network, "at no width of laplace.search are its logits finite; try narrower ones"))
        }
    }
}

/// The logarithm of the members' mean probability of the right class, mean over `images`.
pub(super) fn log_likelihood(members: &[Member], images: &Images, workers: &Workers) -> f64 {
    let replicas = || members.iter().map(Member::replicate).collect::<Vec<_>>();
    let tasks = images.in_order(workers.together(), i64::MAX).map(|batch| (replicas(), batch)).collect();
    let sums = workers.map(tasks, |(members, batch): (Vec<Member>, Batch)| {
        let logits = members.iter().map(|m| m.forward(&batch.x, Mode::Evaluate).logits.to_kind(Kind::Double));
        let together = Prediction::MeanProbability.combine(&Tensor::stack(&logits.collect::<Vec<_>>(), 0));
        let log_probability = together.expect("members with logits of the same classes");
        let classes = batch.classes().expect("held-out images have classes");
        log_probability.gather(1, &classes.unsqueeze(1), false).sum(Kind::Double).double_value(&[])
    });
    sums.iter().sum::<f64>() / images.len() as f64
}
