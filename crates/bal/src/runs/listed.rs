//! What is known of a run by its folder.

use crate::{
    causes,
    experiment::{Experiment, Origin},
    run_folder::RunFolder,
};
use anyhow::Result;
use bal_report::{Record, Summary, metrics};
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One run. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its folder.
    pub path: PathBuf,
    /// How far it came.
    pub state: State,
    /// What is wrong with its files, if they cannot be read.
    pub problem: Option<String>,
    /// Its name, as the experiment has it.
    pub name: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// The named variant of the method.
    pub preset: Option<String>,
    /// The data set.
    pub dataset: Option<String>,
    /// The seed.
    pub seed: Option<u64>,
    /// Batches done: of an unfinished run those with metrics.
    pub sweeps: Option<u64>,
    /// Batches in all.
    pub sweeps_planned: Option<u64>,
    /// From where an unfinished run would go on.
    pub checkpoint: Option<u64>,
    /// Whether it was ended before its time.
    pub stopped_early: bool,
    /// Whether it was made for a quick look.
    pub quick: bool,
    /// Accuracy on training images held out, in [0, 1].
    pub held_out: Option<f64>,
    /// Of the held-out log-probabilities, over the parameter chains.
    pub r_hat: Option<Summary>,
    /// Seconds of training, over all resumptions.
    pub wall_seconds: Option<f64>,
    /// All settings.
    #[serde(skip)]
    pub experiment: Value,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Weights and record are there.
    Finished,
    /// The record of a finished run, without its weights.
    Record,
    /// Not ended: it is under way, or was interrupted.
    Begun,
    /// Its files cannot be read.
    Broken,
}

impl Listed {
    /// The run in this folder; a broken one says what is wrong with it.
    pub fn of(path: &Path) -> Self {
        let folder = RunFolder::new(path);
        let read = if folder.record().is_file() { finished(&folder) } else { begun(&folder) };
        read.unwrap_or_else(|error| Self {
            problem: Some(causes(&error)),
            ..Self::empty(path, State::Broken)
        })
    }

    fn empty(path: &Path, state: State) -> Self {
        Self {
            path: path.into(),
            state,
            problem: None,
            name: None,
            method: None,
            preset: None,
            dataset: None,
            seed: None,
            sweeps: None,
            sweeps_planned: None,
            checkpoint: None,
            stopped_early: false,
            quick: false,
            held_out: None,
            r_hat: None,
            wall_seconds: None,
            experiment: Value::Null,
        }
    }
}

fn finished(folder: &RunFolder) -> Result<Listed> {
    let record = Record::read(&folder.record())?;
    let state = if folder.posterior().is_file() { State::Finished } else { State::Record };
    Ok(Listed {
        name: Some(record.name),
        method: Some(record.method),
        preset: record.preset,
        dataset: Some(record.dataset.name),
        seed: Some(record.seed),
        sweeps: Some(record.sweeps),
        sweeps_planned: Some(record.sweeps_planned),
        stopped_early: record.stopped_early,
        quick: record.quick,
        held_out: record.held_out,
        r_hat: record.diagnostics.and_then(|diagnostics| diagnostics.r_hat),
        wall_seconds: Some(record.wall_seconds),
        experiment: record.experiment,
        ..Listed::empty(folder.path(), state)
    })
}

fn begun(folder: &RunFolder) -> Result<Listed> {
    let experiment = Experiment::read(&Origin::File(folder.experiment()), "", &[], None)?;
    let method = experiment.method()?;
    let lines = if folder.metrics().is_file() { metrics::read(&folder.metrics())? } else { vec![] };
    let checkpoint = folder.checkpoint();
    let checkpoint = checkpoint.is_file().then(|| bal_models::checkpoint_sweep(&checkpoint)).transpose()?;
    Ok(Listed {
        name: Some(experiment.name.clone()),
        method: Some(method.name().into()),
        preset: experiment.preset.clone(),
        dataset: Some(experiment.dataset.clone()),
        seed: Some(experiment.seed),
        sweeps: Some(lines.last().map_or(0, |line| line.sweep)),
        sweeps_planned: Some(method.sweeps(experiment.train_images as u64)),
        checkpoint,
        wall_seconds: lines.last().map(|line| line.seconds),
        experiment: serde_json::to_value(experiment)?,
        ..Listed::empty(folder.path(), State::Begun)
    })
}
