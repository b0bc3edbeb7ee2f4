//! What is attacked: a run, files of weights, or networks of anybody's in TorchScript.

use crate::{
    args::{Machine, ModelFlags, usage},
    dataset::{self, DataSource},
    experiment::Experiment,
    own_images::{self, ImageSettings},
    run_folder::RunFolder,
    start::digest,
};
use anyhow::{Context, Result, bail};
use bal_core::{Classifier, EnsembleGradient, Images, Posterior, Prediction};
use bal_models::{Ensemble, Normalisation, ScriptSettings, Sizes, TorchScript};
use bal_report::{Model, Record};
use std::path::PathBuf;
use tch::Device;

/// A model to attack, and what an evaluation says of it.
pub(crate) struct Subject {
    pub(crate) classifier: Box<dyn Classifier>,
    pub(crate) model: Model,
}

/// What the flags name, as far as it can be read without images.
pub(crate) struct Source {
    name: String,
    files: Vec<PathBuf>,
    /// What an attack follows.
    ensemble_gradient: EnsembleGradient,
    device: Device,
    kind: Kind,
}

/// A data set to show to a model.
pub(crate) struct Data {
    pub(crate) name: String,
    /// How images of the user's own are read.
    pub(crate) own: Option<ImageSettings>,
    /// Whether they are other data than the run's own: without a split, nothing of them was trained on.
    pub(crate) foreign: bool,
}

impl Data {
    pub(crate) fn source<'a>(&'a self, machine: &'a Machine) -> DataSource<'a> {
        DataSource {
            name: &self.name,
            own: self.own.as_ref(),
            root: machine.data.as_deref(),
            device: machine.device,
        }
    }
}

enum Kind {
    /// Weights of one of the project's networks.
    Weights { posterior: Posterior, record: Option<Box<Record>> },
    /// TorchScript files; they are tried on images when they are loaded.
    Script { settings: ScriptSettings, said: Option<[i64; 3]> },
}

/// How many images a TorchScript network is tried on.
const TRIAL: i64 = 8;

/// Reads what the flags name; `gradient` is what attacks follow, where that was said.
pub(crate) fn read(flags: &ModelFlags, gradient: Option<EnsembleGradient>, device: Device) -> Result<Source> {
    if let Some(run) = &flags.run {
        let folder = RunFolder::new(run);
        let (record, mut posterior) = folder.finished()?;
        posterior.prediction = flags.prediction.unwrap_or(posterior.prediction);
        posterior.ensemble_gradient = gradient.unwrap_or(posterior.ensemble_gradient);
        let name = chosen(record.name.clone(), &mut posterior, &flags.members)?;
        return Ok(Source {
            name,
            files: vec![folder.posterior()],
            ensemble_gradient: posterior.ensemble_gradient,
            device,
            kind: Kind::Weights { posterior, record: Some(Box::new(record)) },
        });
    }
    if !flags.script.torchscript.is_empty() {
        return Ok(Source {
            name: names(&flags.script.torchscript),
            files: flags.script.torchscript.clone(),
            ensemble_gradient: gradient.unwrap_or(EnsembleGradient::Predictive),
            device,
            kind: script(flags, device)?,
        });
    }
    if flags.weights.is_empty() {
        return Err(usage("a RUN, --weights or --torchscript is needed"));
    }
    let architecture =
        flags.architecture.as_deref().map(|name| bal_models::architecture(name, None)).transpose();
    let architecture = architecture.map_err(|e| usage(e.to_string()))?;
    let mut posterior =
        bal_models::read_posteriors(&flags.weights, architecture, flags.prediction, gradient)?;
    let name = chosen(names(&flags.weights), &mut posterior, &flags.members)?;
    Ok(Source {
        name,
        files: flags.weights.clone(),
        ensemble_gradient: posterior.ensemble_gradient,
        device,
        kind: Kind::Weights { posterior, record: None },
    })
}

fn script(flags: &ModelFlags, device: Device) -> Result<Kind> {
    let script = &flags.script;
    let or = |given: &[f64], default: f64| if given.is_empty() { vec![default] } else { given.to_vec() };
    let normalisation = Normalisation::new(or(&script.mean, 0.0), or(&script.std, 1.0));
    let settings = ScriptSettings {
        files: script.torchscript.clone(),
        // The data set's, unless given.
        input: script.input_shape.unwrap_or_default(),
        classes: script.classes,
        normalisation: normalisation.map_err(|e| usage(e.to_string()))?,
        prediction: flags.prediction.unwrap_or(Prediction::MeanProbability),
        device,
    };
    Ok(Kind::Script { settings, said: script.input_shape })
}

/// Leaves only these members, if any are named, and says so in the name.
fn chosen(name: String, posterior: &mut Posterior, members: &[usize]) -> Result<String> {
    if members.is_empty() {
        return Ok(name);
    }
    let count = posterior.members.len();
    if let Some(beyond) = members.iter().find(|&&member| member >= count) {
        bail!("{name} has no member {beyond}: it has {count}, counted from 0");
    }
    if (1..members.len()).any(|place| members[..place].contains(&members[place])) {
        bail!("a member is named twice in {members:?}");
    }
    let mut all: Vec<_> = std::mem::take(&mut posterior.members).into_iter().map(Some).collect();
    posterior.members = members.iter().filter_map(|&member| all[member].take()).collect();
    let list: Vec<String> = members.iter().map(ToString::to_string).collect();
    Ok(format!("{name}, member {}", list.join(" ")))
}

/// The names of files, without their folders.
fn names(files: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into())
    };
    files.iter().map(name).collect::<Vec<String>>().join(" + ")
}

impl Source {
    /// How the model is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The record of a run.
    pub(crate) fn record(&self) -> Option<&Record> {
        match &self.kind {
            Kind::Weights { record, .. } => record.as_deref(),
            Kind::Script { .. } => None,
        }
    }

    /// The weights; `None` of networks in TorchScript.
    pub(crate) fn posterior(&self) -> Option<&Posterior> {
        match &self.kind {
            Kind::Weights { posterior, .. } => Some(posterior),
            Kind::Script { .. } => None,
        }
    }

    /// What the classes are called: as the posterior or its run's data set says, else by their numbers.
    pub(crate) fn labels(&self) -> Result<Vec<String>> {
        let Some(posterior) = self.posterior() else { return Ok(vec![]) };
        if let Some(names) = &posterior.class_names {
            return Ok(names.clone());
        }
        let classes = posterior.architecture.classes() as usize;
        let run = self.experiment()?.and_then(|run| dataset::class_names(&run.dataset));
        let named = run.filter(|names| names.len() == classes);
        Ok(named.unwrap_or_else(|| (0..classes).map(|class| class.to_string()).collect()))
    }

    /// The experiment of a run; `None` of other models.
    pub(crate) fn experiment(&self) -> Result<Option<Experiment>> {
        let read = |record: &Record| serde_json::from_value(record.experiment.clone());
        let read = self.record().map(read).transpose();
        read.context("the run's record.json holds no experiment of this version")
    }

    /// The data set `named`, else the run's own, else MNIST; images of the user's own as the network wants them.
    pub(crate) fn data(&self, named: Option<&str>) -> Result<Data> {
        let known = |name: &str| Data { name: name.into(), own: None, foreign: false };
        let run = self.experiment()?;
        let run =
            run.map(|Experiment { dataset, images, .. }| Data { name: dataset, own: images, foreign: false });
        let Some(name) = named else { return Ok(run.unwrap_or_else(|| known("mnist"))) };
        if dataset::is_known(name) {
            return Ok(known(name));
        }
        let place = own_images::place(name)?;
        if let Some(run) = run.filter(|run| run.name == place) {
            return Ok(run);
        }
        let sizes = match &self.kind {
            Kind::Weights { posterior, .. } => Sizes::of(&*posterior.architecture),
            Kind::Script { settings, said } => Sizes {
                input: said.context("say by --input-shape C,H,W what images the network takes")?,
                classes: settings.classes.unwrap_or(2),
            },
        };
        Ok(Data { name: place, own: Some(ImageSettings::for_network(sizes)), foreign: true })
    }

    /// Refuses images whose classes are called otherwise than those of the posterior.
    pub(crate) fn knows(&self, classes: Option<&[String]>, dataset: &str) -> Result<()> {
        let Kind::Weights { posterior, .. } = &self.kind else { return Ok(()) };
        match (classes, &posterior.class_names) {
            (Some(found), Some(known)) if found != known.as_slice() => bail!(
                "{} tells {} apart, but the classes of {dataset} are {}; labels would not mean the same",
                self.name,
                known.join(", "),
                found.join(", ")
            ),
            (Some(found), None) if found.len() as i64 != posterior.architecture.classes() => bail!(
                "{} tells {} classes apart, but {dataset} has {}",
                self.name,
                posterior.architecture.classes(),
                found.len()
            ),
            _ => Ok(()),
        }
    }

    /// What an attack follows.
    pub(crate) fn ensemble_gradient(&self) -> EnsembleGradient {
        self.ensemble_gradient
    }

    /// SHA-256 of the files, in their order.
    pub(crate) fn digests(&self) -> Result<Vec<String>> {
        self.files.iter().map(|file| digest(file)).collect()
    }

    /// The model, for the first `limit` of `images` of the set `dataset`.
    pub(crate) fn classifier(self, images: &Images, limit: Option<u64>, dataset: &str) -> Result<Subject> {
        let weights = Some(self.digests()?);
        let Self { name, ensemble_gradient, device, kind, .. } = self;
        let model = |architecture: Option<&str>, members: usize, prediction: Prediction| Model {
            source: name.clone(),
            architecture: architecture.map(String::from),
            chains: members as u64,
            prediction: prediction.to_string(),
            ensemble_gradient: ensemble_gradient.to_string(),
            weights: weights.clone(),
        };
        match kind {
            Kind::Weights { posterior, .. } => {
                let (network, input) = (posterior.architecture.name(), posterior.architecture.input());
                if images.shape() != input {
                    let found = images.shape();
                    bail!("{network} takes images of shape {input:?}, {dataset} has {found:?}");
                }
                let model = model(Some(network), posterior.members.len(), posterior.prediction);
                Ok(Subject { classifier: Box::new(Ensemble::new(&posterior, device)?), model })
            }
            Kind::Script { mut settings, said } => {
                settings.input = input(said, images, dataset)?;
                let trial: Vec<i64> = (0..images.len().min(TRIAL)).collect();
                if trial.is_empty() {
                    bail!("{dataset} has no images to evaluate on");
                }
                let network = TorchScript::load(settings, &images.batch(&trial).x)?;
                labels_fit(&name, &network, images, limit, dataset)?;
                let model = model(None, network.len(), network.prediction());
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
fn labels_fit(
    name: &str,
    network: &TorchScript,
    images: &Images,
    limit: Option<u64>,
    dataset: &str,
) -> Result<()> {
    const BATCH: usize = 500;
    let limit = limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    for batch in images.in_order(BATCH, limit) {
        let labels = Vec::<i64>::try_from(&batch.y)?;
        let beyond = labels.iter().position(|&label| label >= network.classes());
        if let Some(row) = beyond {
            bail!(
                "{name}: the network tells {} classes apart (from 0), but image {} of {dataset} is of class {}; \
                 attack it on the images that it was trained for, by --dataset",
                network.classes(),
                batch.indices[row],
                labels[row]
            );
        }
    }
    Ok(())
}
