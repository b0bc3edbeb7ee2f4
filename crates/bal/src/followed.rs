//! What happens after each sweep of a run: metrics, checkpoints, and its early end.

use crate::{
    Options, Progress as Display, Session, Work, experiment::Experiment, ranks, run_folder::RunFolder,
};
use anyhow::Result;
use bal_core::{Metrics, Progress};
use bal_report::{EventWriter, MetricLine, MetricsWriter, metrics};
use std::{
    ops::ControlFlow,
    time::{Instant, SystemTime},
};
use tch::Tensor;

/// Follows a run: metrics, checkpoints, the display, and its early end.
pub(crate) struct Followed<'a> {
    experiment: &'a Experiment,
    folder: &'a RunFolder,
    digest: &'a str,
    last_sweep: u64,
    metrics: MetricsWriter,
    events: Option<EventWriter>,
    pub(crate) display: Box<dyn Display>,
    session: &'a Session,
    begun: Instant,
    seconds_before: f64,
    pub(crate) sweep: u64,
    /// Whether the user ended the run, which then has a checkpoint.
    pub(crate) interrupted: bool,
    /// What the chains thought of held-out images, `[draws, chains, images]`, once the run has ended.
    pub(crate) traces: Option<Tensor>,
    pub(crate) failure: Option<anyhow::Error>,
}

impl<'a> Followed<'a> {
    pub(crate) fn new(
        options: &Options,
        session: &'a Session,
        experiment: &'a Experiment,
        folder: &'a RunFolder,
        digest: &'a str,
        planned: u64,
        done: u64,
    ) -> Result<Self> {
        let before = if folder.metrics().is_file() { metrics::read(&folder.metrics())? } else { vec![] };
        Ok(Self {
            experiment,
            folder,
            digest,
            last_sweep: options.max_sweeps.unwrap_or(planned).min(planned),
            metrics: MetricsWriter::append(&folder.metrics())?,
            // A run that has an event file goes on with it.
            events: (options.tensorboard || folder.events().is_dir())
                .then(|| EventWriter::begin(&folder.events(), &before, SystemTime::now()))
                .transpose()?,
            display: session.observer().begin(&Work {
                title: &experiment.name,
                unit: "batches",
                total: planned,
                done,
            }),
            session,
            begun: Instant::now(),
            seconds_before: before.last().map_or(0.0, |line| line.seconds),
            sweep: done,
            interrupted: false,
            traces: None,
            failure: None,
        })
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.seconds_before + self.begun.elapsed().as_secs_f64()
    }

    pub(crate) fn observe(&mut self, progress: &Progress) -> ControlFlow<()> {
        self.sweep = progress.sweep;
        self.display.show(progress.sweep, &describe(&progress.metrics));
        if let Err(error) = self.keep(progress) {
            self.failure = Some(error);
            return ControlFlow::Break(());
        }
        if !self.interrupted && progress.sweep < self.last_sweep {
            return ControlFlow::Continue(());
        }
        self.traces = (progress.traces)();
        ControlFlow::Break(())
    }

    fn keep(&mut self, progress: &Progress) -> Result<()> {
        let Metrics { loss, linf, l2, data_energy, parameter_energy, configurational_temperature } =
            progress.metrics;
        let line = MetricLine {
            sweep: progress.sweep,
            epoch: progress.epoch,
            seconds: self.seconds(),
            loss,
            linf,
            l2,
            data_energy,
            parameter_energy,
            configurational_temperature,
            accuracy: None,
        };
        self.metrics.write(&line)?;
        if let Some(events) = &mut self.events {
            events.write(&line)?;
        }
        if progress.sweep >= self.last_sweep {
            return Ok(());
        }
        let is_to_end = self.session.observer().is_to_end();
        match self.session.cluster().map(|cluster| ranks::any(cluster, is_to_end)) {
            None => self.interrupted = is_to_end,
            Some(Ok(any)) => self.interrupted = any,
            Some(Err(lost)) => {
                // This batch is whole, and is not lost with the other rank.
                self.write_checkpoint(progress)?;
                return Err(lost);
            }
        }
        if self.interrupted || progress.sweep.is_multiple_of(self.experiment.checkpoint_every) {
            self.write_checkpoint(progress)?;
        }
        Ok(())
    }

    fn write_checkpoint(&mut self, progress: &Progress) -> Result<()> {
        self.metrics.sync()?;
        Ok(bal_models::write_checkpoint(&self.folder.checkpoint(), self.digest, &(progress.checkpoint)())?)
    }
}

fn describe(metrics: &Metrics) -> String {
    let numbers = [
        Some(format!("loss {:.4}", metrics.loss)),
        metrics.data_energy.map(|energy| format!("data energy {energy:.3}")),
        metrics.linf.map(|linf| format!("Linf {linf:.3}")),
        metrics.l2.map(|l2| format!("L2 {l2:.2}")),
    ];
    numbers.into_iter().flatten().collect::<Vec<_>>().join("  ")
}
