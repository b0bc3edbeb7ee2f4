//! The loop over shuffled batches that all methods share.

use crate::{Epochs, LastBatch};
use bal_core::{Batch, Checkpoint, Metrics, NoiseKey, NoiseStream, Progress, Purpose, Task, TrainError};
use std::{ops::ControlFlow, sync::Mutex};
use tch::Tensor;

/// What a method does with a batch.
pub(crate) trait Learner {
    /// Learns from the batch of sweep number `sweep` (from 1). After [`TrainError::Lost`] everything is as before.
    fn learn(&mut self, sweep: u64, batch: Batch) -> Result<Metrics, TrainError>;

    /// Everything needed to go on after `sweep`.
    fn checkpoint(&self, sweep: u64) -> Checkpoint;

    /// The held-out log-probabilities followed so far, `[draws, chains, images]`.
    fn traces(&self) -> Option<Tensor> {
        None
    }
}

impl Epochs {
    /// Batches per epoch of `images` images.
    pub fn batches(self, images: u64) -> u64 {
        match self.last_batch {
            LastBatch::Keep => images.div_ceil(self.batch_size as u64),
            LastBatch::Drop => images / self.batch_size as u64,
        }
    }

    /// Images in an epoch's last batch, of `images` images.
    pub fn last_batch_size(self, images: u64) -> u64 {
        match (self.last_batch, images % self.batch_size as u64) {
            (LastBatch::Drop, _) | (_, 0) => self.batch_size as u64,
            (LastBatch::Keep, left) => left,
        }
    }

    /// Checks that `images` images make a batch, or are none, which [`Epochs::run`] speaks of.
    pub(crate) fn check_images(self, images: u64) -> Result<(), TrainError> {
        if images > 0 && self.batches(images) == 0 {
            let size = self.batch_size;
            return Err(TrainError::NoImages(format!(
                "{images} are fewer than a batch of {size}, and `last_batch = \"drop\"` leaves them out; \
                 lower batch_size, or keep the last batch"
            )));
        }
        Ok(())
    }

    /// Batches in all.
    pub(crate) fn sweeps(self, images: u64) -> u64 {
        self.epochs * self.batches(images)
    }

    /// Shows `learner` every batch after the first `done`, in an order keyed by seed and epoch.
    /// Returns the number of sweeps done in all.
    pub(crate) fn run(
        self,
        task: &Task,
        done: u64,
        learner: &mut dyn Learner,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<u64, TrainError> {
        self.run_on(task.images.len() as u64, task, done, learner, observe)
    }

    /// The same with only the first `images` of each epoch's order.
    pub(crate) fn run_on(
        self,
        images: u64,
        task: &Task,
        done: u64,
        learner: &mut dyn Learner,
        observe: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
    ) -> Result<u64, TrainError> {
        if images == 0 {
            return Err(TrainError::NoImages("all are held out; hold out fewer".into()));
        }
        self.check_images(images)?;
        let (batches, sweeps) = (self.batches(images), self.sweeps(images));
        if done > sweeps {
            let why = format!("it was made after sweep {done}, this experiment has {sweeps}");
            return Err(TrainError::Checkpoint(why));
        }
        for epoch in done / batches..self.epochs {
            let key = NoiseKey { seed: task.seed, purpose: Purpose::Shuffle, sweep: epoch, chain: 0 };
            let mut order = NoiseStream::new(key).permutation(task.images.len());
            order.truncate(images as usize);
            let skip = done.saturating_sub(epoch * batches) as usize;
            for (i, indices) in order.chunks(self.batch_size).take(batches as usize).enumerate().skip(skip) {
                let sweep = epoch * batches + i as u64 + 1;
                let learned = learner.learn(sweep, task.images.batch(indices));
                let metrics = learned.map_err(|error| match error {
                    // What this run has made is not lost with the other process.
                    TrainError::Lost { source, .. } if sweep > done + 1 => {
                        let checkpoint = Some(Box::new(Mutex::new(learner.checkpoint(sweep - 1))));
                        TrainError::Lost { sweep, source, checkpoint }
                    }
                    other => other,
                })?;
                let checkpoint = || learner.checkpoint(sweep);
                let traces = || learner.traces();
                let progress = Progress {
                    sweep,
                    sweeps,
                    epoch: epoch + 1,
                    metrics,
                    checkpoint: &checkpoint,
                    traces: &traces,
                };
                if observe(&progress).is_break() {
                    return Ok(sweep);
                }
            }
        }
        Ok(sweeps)
    }
}
