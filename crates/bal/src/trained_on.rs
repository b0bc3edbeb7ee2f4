//! Which images a model has been trained on, where its run wrote them down: `data.safetensors` beside the weights.

use crate::run_folder::RunFolder;
use anyhow::Result;
use bal_core::ImageDigest;
use bal_models::{RunImages, read_run_images};
use bal_report::Record;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// What is known of the images behind a model's weights.
#[derive(Debug, Default)]
pub(crate) struct TrainedOn {
    /// Of each file of weights that has them.
    runs: Vec<RunImages>,
    /// Whether every file has.
    pub(crate) complete: bool,
    trained: HashSet<ImageDigest>,
    /// Of these, those that only the weights were trained on that it started from.
    by_start: HashSet<ImageDigest>,
    held_out: HashSet<ImageDigest>,
    /// Its own test images, where somebody said which they are.
    given: HashSet<ImageDigest>,
}

/// How a model came by an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// It was trained on it.
    Trained,
    /// Its settings may have been chosen by it.
    HeldOut,
}

impl TrainedOn {
    /// The images of the finished run in `folder`; nothing is known of runs of before they were written down.
    ///
    /// # Errors
    /// When the file cannot be read or is of another run.
    pub(crate) fn of_run(folder: &RunFolder, record: &Record) -> Result<Self> {
        if !folder.data().is_file() {
            return Ok(Self::default());
        }
        Ok(Self::new(vec![folder.read_images(record)?], true))
    }

    /// Of files of weights, each with what lies beside it if it is the posterior of a run folder.
    pub(crate) fn beside(weights: &[PathBuf]) -> Result<Self> {
        let beside = |weights: &PathBuf| {
            let folder = RunFolder::new(weights.parent().unwrap_or(Path::new("")));
            (*weights == folder.posterior() && folder.data().is_file()).then(|| folder.data())
        };
        let files: Vec<PathBuf> = weights.iter().filter_map(beside).collect();
        let runs = files.iter().map(|file| Ok(read_run_images(file)?)).collect::<Result<Vec<_>>>()?;
        let complete = runs.len() == weights.len();
        Ok(Self::new(runs, complete))
    }

    pub(crate) fn new(runs: Vec<RunImages>, complete: bool) -> Self {
        let given = runs.iter().filter(|run| run.given).flat_map(|run| &run.test.images).copied();
        Self {
            trained: runs.iter().flat_map(|run| run.train.images.iter().chain(&run.start)).copied().collect(),
            by_start: runs.iter().flat_map(|run| &run.start).copied().collect(),
            held_out: runs.iter().flat_map(|run| &run.held_out.images).copied().collect(),
            given: given.collect(),
            runs,
            complete,
        }
    }

    /// What the model has to do with an image, if anything is known.
    pub(crate) fn tie(&self, image: &ImageDigest) -> Option<Tie> {
        if self.trained.contains(image) {
            return Some(Tie::Trained);
        }
        self.held_out.contains(image).then_some(Tie::HeldOut)
    }

    /// Whether it was not trained on an image, but the weights were that it started from.
    pub(crate) fn by_start(&self, image: &ImageDigest) -> bool {
        self.by_start.contains(image)
    }

    /// All that its weights were trained on, in no order.
    pub(crate) fn all(&self) -> &HashSet<ImageDigest> {
        &self.trained
    }

    /// Its own test images, in their order; of several files those of the first.
    pub(crate) fn test(&self) -> impl Iterator<Item = &ImageDigest> {
        self.runs.iter().take(1).flat_map(|run| &run.test.images)
    }

    /// Those that it was trained on, in their order.
    pub(crate) fn train(&self) -> impl Iterator<Item = &ImageDigest> {
        self.runs.iter().flat_map(|run| &run.train.images)
    }

    /// Those that it held out, in their order.
    pub(crate) fn held_out(&self) -> impl Iterator<Item = &ImageDigest> {
        self.runs.iter().flat_map(|run| &run.held_out.images)
    }

    /// Whether an image is one that whoever gave the data said to test on.
    pub(crate) fn is_given(&self, image: &ImageDigest) -> bool {
        self.given.contains(image)
    }
}
