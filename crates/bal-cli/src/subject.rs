//! What `bal evaluate` attacks: a run, files of weights, or networks of anybody's in TorchScript.

use crate::{
    args::{Evaluate, Script, usage},
    run_folder::RunFolder,
};
use anyhow::{Result, bail};
use bal_core::{Classifier, EnsembleGradient, Images, Posterior, Prediction};
use bal_models::{Ensemble, Normalisation, ScriptSettings, TorchScript};
use bal_report::{Model, Record};
use std::path::PathBuf;

/// A model to attack, and what an evaluation says of it.
pub(crate) struct Subject {
    pub(crate) classifier: Box<dyn Classifier>,
    pub(crate) model: Model,
}

/// What the flags name, as far as it can be read without images.
pub(crate) enum Source {
    /// Weights of one of the project's networks.
    Weights { name: String, posterior: Posterior, record: Option<Box<Record>> },
    /// TorchScript files; they are tried on images when they are loaded.
    Script { name: String, settings: ScriptSettings },
}

/// How many images a TorchScript network is tried on.
const TRIAL: i64 = 8;

/// Reads what the flags name.
pub(crate) fn read(flags: &Evaluate) -> Result<Source> {
    if let Some(run) = &flags.run {
        let (record, mut posterior) = RunFolder::new(run).finished()?;
        posterior.prediction = flags.prediction.unwrap_or(posterior.prediction);
        posterior.ensemble_gradient = flags.settings.ensemble_gradient.unwrap_or(posterior.ensemble_gradient);
        return Ok(Source::Weights { name: record.name.clone(), posterior, record: Some(Box::new(record)) });
    }
    if !flags.script.torchscript.is_empty() {
        return script(flags, &flags.script);
    }
    if flags.weights.is_empty() {
        return Err(usage("a RUN, --weights or --torchscript is needed"));
    }
    let architecture = flags.architecture.as_deref().map(bal_models::architecture).transpose();
    let architecture = architecture.map_err(|e| usage(e.to_string()))?;
    let (prediction, gradient) = (flags.prediction, flags.settings.ensemble_gradient);
    let posterior = bal_models::read_posteriors(&flags.weights, architecture, prediction, gradient)?;
    Ok(Source::Weights { name: names(&flags.weights), posterior, record: None })
}

fn script(flags: &Evaluate, script: &Script) -> Result<Source> {
    let or = |given: &[f64], default: f64| if given.is_empty() { vec![default] } else { given.to_vec() };
    let normalisation = Normalisation::new(or(&script.mean, 0.0), or(&script.std, 1.0));
    let settings = ScriptSettings {
        files: script.torchscript.clone(),
        // The data set's, unless given.
        input: script.input_shape.unwrap_or_default(),
        classes: script.classes,
        normalisation: normalisation.map_err(|e| usage(e.to_string()))?,
        prediction: flags.prediction.unwrap_or(Prediction::MeanProbability),
        device: flags.machine.device,
    };
    Ok(Source::Script { name: names(&script.torchscript), settings })
}

/// The names of files, without their folders.
fn names(files: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into())
    };
    files.iter().map(name).collect::<Vec<String>>().join(" + ")
}

impl Source {
    /// The record of a run.
    pub(crate) fn record(&self) -> Option<&Record> {
        match self {
            Self::Weights { record, .. } => record.as_deref(),
            Self::Script { .. } => None,
        }
    }

    /// What an attack follows, unless told otherwise.
    pub(crate) fn ensemble_gradient(&self) -> EnsembleGradient {
        match self {
            Self::Weights { posterior, .. } => posterior.ensemble_gradient,
            Self::Script { .. } => EnsembleGradient::Predictive,
        }
    }

    /// The model, for `images` of the set `dataset`.
    pub(crate) fn classifier(self, flags: &Evaluate, images: &Images, dataset: &str) -> Result<Subject> {
        let seen = flags.settings.ensemble_gradient.unwrap_or(self.ensemble_gradient());
        let model =
            |source: String, architecture: Option<&str>, members: usize, prediction: Prediction| Model {
                source,
                architecture: architecture.map(String::from),
                chains: members as u64,
                prediction: prediction.to_string(),
                ensemble_gradient: seen.to_string(),
            };
        match self {
            Self::Weights { name, posterior, .. } => {
                let (network, input) = (posterior.architecture.name(), posterior.architecture.input());
                if images.shape() != input {
                    let found = images.shape();
                    bail!("{network} takes images of shape {input:?}, {dataset} has {found:?}");
                }
                let model = model(name, Some(network), posterior.members.len(), posterior.prediction);
                Ok(Subject { classifier: Box::new(Ensemble::new(&posterior, flags.machine.device)?), model })
            }
            Self::Script { name, mut settings } => {
                settings.input = input(flags.script.input_shape, images, dataset)?;
                let trial: Vec<i64> = (0..images.len().min(TRIAL)).collect();
                if trial.is_empty() {
                    bail!("{dataset} has no images to evaluate on");
                }
                let network = TorchScript::load(settings, &images.batch(&trial).x)?;
                labels_fit(flags, &network, images, dataset)?;
                let model = model(name, None, network.len(), network.prediction());
                Ok(Subject { classifier: Box::new(network), model })
            }
        }
    }
}

/// The shape of the images, which is what was said of it, if anything was.
fn input(said: Option<[i64; 3]>, images: &Images, dataset: &str) -> Result<[i64; 3]> {
    let found = images.shape();
    let shape = <[i64; 3]>::try_from(found.clone());
    let Ok(shape) = shape else { bail!("{dataset} has images of shape {found:?}; expected C,H,W") };
    match said {
        Some([c, h, w]) if [c, h, w] != shape => {
            let [channels, height, width] = shape;
            bail!(
                "--input-shape is {c},{h},{w}, but {dataset} has images of shape {channels},{height},{width} \
                 (channels, height, width); give the network images of its own by --dataset"
            )
        }
        _ => Ok(shape),
    }
}

/// Refuses, before the long work, images of more classes than the network knows.
fn labels_fit(flags: &Evaluate, network: &TorchScript, images: &Images, dataset: &str) -> Result<()> {
    const BATCH: usize = 500;
    let limit = flags.limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    for batch in images.in_order(BATCH, limit) {
        let labels = Vec::<i64>::try_from(&batch.y)?;
        let beyond = labels.iter().position(|&label| label >= network.classes());
        if let Some(row) = beyond {
            bail!(
                "{}: the network tells {} classes apart (from 0), but image {} of {dataset} is of class {}; \
                 attack it on the images that it was trained for, by --dataset",
                names(&flags.script.torchscript),
                network.classes(),
                batch.indices[row],
                labels[row]
            );
        }
    }
    Ok(())
}
