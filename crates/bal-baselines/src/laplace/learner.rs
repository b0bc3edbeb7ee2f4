//! The state of a run that takes the curvature, batch by batch.

use super::{Categorical, Curvature, LaplaceSettings};
use crate::{CrossEntropy, epochs::Learner};
use bal_core::{Batch, Checkpoint, Forward, Member, Metrics, NoiseKey, Objective, Purpose, Task, TrainError};

pub(super) struct LaplaceLearner<'a> {
    task: &'a Task<'a>,
    /// The weights that the curvature is taken at.
    pub(super) centre: Member,
    pub(super) curvature: Curvature,
}

impl<'a> LaplaceLearner<'a> {
    /// The run before its first sweep, or as its checkpoint left it; and the sweeps done.
    pub(super) fn begin(settings: &LaplaceSettings, task: &'a Task<'a>) -> Result<(Self, u64), TrainError> {
        let curvature = Curvature::new(settings.structure, &*task.only_network()?.architecture)?;
        let centre = crate::start::members(task, 1).remove(0);
        let mut learner = Self { task, centre, curvature };
        let Some(checkpoint) = &task.resume else { return Ok((learner, 0)) };
        if !checkpoint.chains.is_empty() {
            let found = checkpoint.chains.len();
            return Err(TrainError::Checkpoint(format!("it has {found} chains, none are wanted")));
        }
        let images = (checkpoint.sweep * settings.batch_size as u64).min(settings.images);
        learner.curvature.restore(images, &checkpoint.extras)?;
        Ok((learner, checkpoint.sweep))
    }
}

impl Learner for LaplaceLearner<'_> {
    /// The loss is that of the images' own labels, at the weights of the start: a batch changes no weight.
    fn learn(&mut self, _sweep: u64, batch: Batch) -> Result<Metrics, TrainError> {
        // An image's label does not depend on its batch.
        let key = NoiseKey { seed: self.task.seed, purpose: Purpose::Labels, sweep: 0, chain: 0 };
        let noise = self.task.noise(key);
        let logits = self.curvature.add(&self.centre, &batch, &Categorical, &noise, self.task.workers)?;
        let loss = CrossEntropy.loss(&Forward { logits, buffers: None }, &batch).double_value(&[]);
        Ok(Metrics { loss: loss / batch.len() as f64, ..Metrics::default() })
    }

    fn checkpoint(&self, sweep: u64) -> Checkpoint {
        Checkpoint { sweep, chains: vec![], samples: vec![], extras: self.curvature.sums() }
    }
}
