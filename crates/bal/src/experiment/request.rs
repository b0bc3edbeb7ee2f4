//! An experiment as it is asked for, and what training it would do.

use super::{Experiment, NoiseSettings, Origin, RegressionSettings, TestSettings};
use crate::{
    Note, Session, last_batch,
    own_images::{self, ImageSettings},
    run_folder::RunFolder,
};
use anyhow::Result;
use std::path::PathBuf;

/// What a training would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The experiment, complete.
    pub experiment: Experiment,
    /// The method.
    pub method: &'static str,
    /// The network; of several the names, with commas between them.
    pub network: String,
    /// How many weights it has, or they have together.
    pub weights: i64,
    /// Channels, height and width of the images.
    pub input: [i64; 3],
    /// How many classes there are.
    pub classes: i64,
    /// Training images.
    pub images: u64,
    /// Batches in all.
    pub sweeps: u64,
    /// What to know of the last batch of an epoch.
    pub remark: Option<Note>,
    /// The experiments that its networks start from.
    pub starts: Vec<Experiment>,
    /// The experiments whose networks its attack runs on.
    pub sources: Vec<Experiment>,
}

/// An experiment by its file or name, with changes.
#[derive(Clone, Debug, Default)]
pub struct ExperimentRequest {
    /// A file as in `experiments/`; without it a built-in one.
    pub file: Option<PathBuf>,
    /// A run folder, whose experiment it is; the run has the weights that it started from.
    pub run: Option<PathBuf>,
    /// The name of a built-in experiment, `mnist-pgd`; without it BAL on MNIST as released.
    pub built_in: Option<String>,
    /// Changed settings: `key.key=value`, a dotted key that the experiment has, and a TOML value.
    pub changes: Vec<String>,
    /// Another seed.
    pub seed: Option<u64>,
    /// Another data set, all of whose training images are used: one that the project knows by its name, or a folder or
    /// table of one's own with how it is read.
    pub images: Option<(String, Option<ImageSettings>)>,
    /// A table of numbers of one's own and how it is read, all of whose training rows are used. Without a file and a name, the
    /// experiment is then BAL in a ball on a small fully connected network.
    pub table: Option<(String, TableSettings)>,
}

/// How a table of one's own is read.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSettings {
    /// The column that is predicted.
    pub target: String,
    /// Columns that are left out.
    pub ignore: Vec<String>,
    /// The share of rows that are tested on, above 0 and below 1.
    pub test_share: f64,
    /// What draws them.
    pub split_seed: u64,
}

impl TableSettings {
    /// The usual ones for this target: a tenth of the rows is tested on.
    pub fn new(target: &str) -> Self {
        Self { target: target.into(), ignore: vec![], test_share: 0.1, split_seed: 0 }
    }

    /// The same as an experiment has it, with the noise of `experiment`.
    fn regression(&self, experiment: &Experiment) -> RegressionSettings {
        RegressionSettings {
            target: Some(self.target.clone()),
            ignore: self.ignore.clone(),
            noise: experiment
                .regression
                .as_ref()
                .map_or(NoiseSettings::Sampled, |regression| regression.noise),
            test: TestSettings { split: None, share: Some(self.test_share), seed: Some(self.split_seed) },
        }
    }
}

/// The experiment for tables where none is named.
const OF_TABLES: &str = "uci-yacht-bal-ball";

impl Plan {
    /// What the network is shown, in words: images of a shape in so many classes, or rows of so many numbers.
    pub fn shown(&self) -> String {
        crate::train::shown(self.input, self.classes)
    }
}

impl ExperimentRequest {
    /// A built-in experiment.
    pub fn built_in(name: &str) -> Self {
        Self { built_in: Some(name.into()), ..Self::default() }
    }

    /// The experiment in a file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { file: Some(path.into()), ..Self::default() }
    }

    /// With a changed setting: `key.key=value`.
    #[must_use]
    pub fn with(mut self, change: &str) -> Self {
        self.changes.push(change.into());
        self
    }

    /// On this data set instead of the experiment's: one that the project knows, or a folder or table of images.
    ///
    /// # Errors
    /// When there is no such data set.
    pub fn on(self, dataset: &str) -> Result<Self> {
        Ok(Self { images: Some(own_images::named(dataset, &ImageSettings::default())?), ..self })
    }

    /// The experiment, complete; its data are looked at where it is put on others.
    ///
    /// # Errors
    /// When the experiment or its data cannot be used.
    pub fn experiment(&self, session: &Session) -> Result<Experiment> {
        Ok(self.read(None, session)?.0)
    }

    /// What training it would do; its data are read, and nothing is trained.
    ///
    /// # Errors
    /// When the experiment or its data cannot be used.
    pub fn plan(&self, session: &Session) -> Result<Plan> {
        let (experiment, origin) = self.read(None, session)?;
        let training = experiment.training(session)?;
        let sizes = training.sizes()?;
        let networks = experiment.architectures(sizes, session.device)?;
        let method = experiment.method()?;
        let images = training.images.len() as u64;
        Ok(Plan {
            method: method.name(),
            network: networks.names(),
            weights: networks.weights(),
            input: sizes.input,
            classes: sizes.classes,
            images,
            sweeps: method.sweeps(images),
            remark: experiment.chains().and_then(|chains| last_batch::remark(chains, images)),
            starts: match self.run {
                Some(_) => vec![],
                None => experiment.start_experiments(&origin)?.into_iter().map(|(first, _)| first).collect(),
            },
            sources: match self.run {
                Some(_) => vec![],
                None => {
                    experiment.source_experiments(&origin)?.into_iter().map(|(source, _)| source).collect()
                }
            },
            experiment,
        })
    }

    /// Whether it leaves to the run that goes on which experiment that is.
    pub(crate) fn names_none(&self) -> bool {
        self.file.is_none() && self.run.is_none() && self.built_in.is_none()
    }

    /// The experiment, and where it is from; `kept` is the file of a run to be resumed.
    pub(crate) fn read(&self, kept: Option<PathBuf>, session: &Session) -> Result<(Experiment, Origin)> {
        let of_run = self.run.as_ref().map(|run| RunFolder::new(run).experiment());
        let file = self.file.clone().or(of_run).or_else(|| kept.filter(|_| self.built_in.is_none()));
        let origin = file.map_or(Origin::BuiltIn, Origin::File);
        let usual = || self.table.as_ref().map(|_| OF_TABLES);
        let name = self.built_in.as_deref().or_else(usual).map(|name| format!("{name}.toml"));
        let name = name.as_deref().unwrap_or(Experiment::built_in());
        let experiment = Experiment::read(&origin, name, &self.changes, self.seed)?;
        let experiment = match &self.images {
            Some((dataset, images)) => experiment.on(dataset, images.clone(), session)?,
            None => experiment,
        };
        let Some((table, settings)) = &self.table else { return Ok((experiment, origin)) };
        let settings = settings.regression(&experiment);
        Ok((experiment.on_table(table, &settings, session)?, origin))
    }
}
