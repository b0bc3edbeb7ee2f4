//! What reads files of the program's own kinds, for those who try it on broken ones; no interface for others.

use crate::{
    evaluate::Adversarial,
    experiment::{Experiment, Origin},
    partial, runs,
};
use anyhow::Result;
use std::path::Path;

/// Reads an experiment with changed settings, and what is computed of it before training.
pub fn experiment(path: &Path, set: &[String]) -> Result<()> {
    let experiment = Experiment::read(&Origin::File(path.into()), "", set, None)?;
    experiment.digest("", std::iter::empty())?;
    let method = experiment.method()?;
    method.sweeps(experiment.train_images as u64);
    Ok(())
}

/// Reads the folder of a run, as `bal runs` does.
pub fn run(path: &Path) -> Result<()> {
    runs::readable(path)
}

/// Reads a finished part of an evaluation.
pub fn shard(path: &Path) -> Result<()> {
    partial::read(path).map(drop)
}

/// Reads attacked images that `--save` wrote.
pub fn adversarial(path: &Path) -> Result<()> {
    Adversarial::read(path).map(drop)
}
