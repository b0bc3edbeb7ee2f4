//! How long a batch takes on this machine: tried, not guessed.

use crate::{Session, experiment::Experiment};
use anyhow::Result;
use bal_core::TrainError;
use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

/// Batches that are tried, if they take no longer than that together.
const BATCHES: usize = 4;
const ENOUGH: Duration = Duration::from_secs(10);

/// Seconds of a batch from initial weights, without the first where there are more: it pays for what is done once.
///
/// # Errors
/// When the experiment or its data cannot be used.
pub fn seconds_per_batch(experiment: &Experiment, session: &Session) -> Result<f64> {
    let training = experiment.training(session)?;
    let sizes = training.sizes()?;
    let networks = experiment.architectures(sizes, session.device)?;
    let task = experiment.task(&networks, &training, session);
    let begun = Instant::now();
    let mut ends: Vec<Duration> = Vec::new();
    let fitted = experiment.method_on_trial(sizes)?.fit(&task, &mut |_| {
        ends.push(begun.elapsed());
        let enough = ends.len() > BATCHES || begun.elapsed() > ENOUGH;
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match fitted {
        // So few batches need not give a sample.
        Ok(_) | Err(TrainError::NoSamples { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let [first, .., last] = ends[..] else { return Ok(ends.first().map_or(0.0, Duration::as_secs_f64)) };
    Ok(last.saturating_sub(first).as_secs_f64() / (ends.len() - 1) as f64)
}
