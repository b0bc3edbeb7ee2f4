//! A model that was read, and what can be asked of it before and with its images.

use super::{Kind, Reading};
use crate::{
    Refusal, Remedy, Session, class_order,
    dataset::DataSource,
    device,
    experiment::Experiment,
    file_digest::digest,
    own_images::{self, ImageSettings},
    published,
    trained_on::TrainedOn,
};
use anyhow::{Context, Result, bail};
use bal_core::{Classifier, EnsembleGradient, Images, Posterior, Prediction, Role};
use bal_models::{Ensemble, ModelError, SavedNetworks, Sizes};
use bal_report::{Model, Record};
use std::path::{Path, PathBuf};
use tch::Device;

/// A model to attack, and what an evaluation says of it.
pub struct ReadyModel {
    /// The model.
    pub classifier: Box<dyn Classifier>,
    /// What is written down of it.
    pub model: Model,
}

/// A model as far as it can be read without images.
pub struct LoadedModel {
    pub(super) name: String,
    pub(super) files: Vec<PathBuf>,
    /// SHA-256 of the files, in their order, as they were when they were read.
    pub(super) digests: Vec<String>,
    pub(super) trained_on: TrainedOn,
    /// What the classes are called, where a file of names says it.
    pub(super) class_names: Option<Vec<String>>,
    /// How images of the user's own are read, where no run says it.
    pub(super) reading: Reading,
    /// What an attack follows.
    pub(super) ensemble_gradient: EnsembleGradient,
    pub(super) device: Device,
    pub(super) kind: Kind,
}

/// A data set to show to a model.
pub(crate) struct Data {
    pub(crate) name: String,
    /// How images of the user's own are read.
    pub(crate) own: Option<ImageSettings>,
}

/// Images as a model is asked about them.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) images: &'a Images,
    /// Only the first so many.
    pub(crate) limit: Option<u64>,
    pub(crate) dataset: &'a str,
    /// What the classes of images of the user's own are called, in the order of their labels.
    pub(crate) own_classes: Option<&'a [String]>,
}

impl Data {
    pub(crate) fn source<'a>(&'a self, session: &'a Session) -> DataSource<'a> {
        DataSource { name: &self.name, own: self.own.as_ref(), session }
    }
}

/// How many images a TorchScript network is tried on.
const TRIAL: i64 = 8;

impl LoadedModel {
    /// How the model is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The record of a run.
    pub fn record(&self) -> Option<&Record> {
        match &self.kind {
            Kind::Weights { record, .. } => record.as_deref(),
            Kind::Script { .. } => None,
        }
    }

    /// Where it computes.
    pub(crate) fn device(&self) -> Device {
        self.device
    }

    /// The weights; `None` of networks that PyTorch saved.
    pub fn posterior(&self) -> Option<&Posterior> {
        match &self.kind {
            Kind::Weights { posterior, .. } => Some(posterior),
            Kind::Script { .. } => None,
        }
    }

    /// The same, taken out.
    pub(crate) fn into_posterior(self) -> Option<Posterior> {
        match self.kind {
            Kind::Weights { posterior, .. } => Some(posterior),
            Kind::Script { .. } => None,
        }
    }

    /// Its file of weights, that file's SHA-256 and what it holds; `None` where there are several, or TorchScript.
    pub(crate) fn into_weights(self) -> Option<(PathBuf, String, Posterior)> {
        let (Kind::Weights { posterior, .. }, [file], [digest]) =
            (self.kind, &self.files[..], &self.digests[..])
        else {
            return None;
        };
        Some((file.clone(), digest.clone(), posterior))
    }

    /// What is known of the images behind it.
    pub(crate) fn trained_on(&self) -> &TrainedOn {
        &self.trained_on
    }

    /// What the classes are called, in the order of the outputs: as the posterior, a file of names, or the run's data set
    /// says it.
    pub fn class_names(&self) -> Result<Option<Vec<String>>> {
        let posterior = self.posterior();
        let own =
            posterior.and_then(|posterior| posterior.class_names.as_ref()).or(self.class_names.as_ref());
        if own.is_some() {
            return Ok(own.cloned());
        }
        let network = posterior.map(Posterior::first_network).transpose()?;
        let outputs = network.map(|network| network.classes() as usize);
        let run = self.experiment()?.and_then(|run| published::class_names(&run.dataset));
        Ok(run.filter(|names| Some(names.len()) == outputs))
    }

    /// What the classes are called, or else their numbers.
    pub fn labels(&self) -> Result<Vec<String>> {
        let Some(posterior) = self.posterior() else { return Ok(vec![]) };
        let classes = posterior.first_network()?.classes();
        let numbers = || (0..classes).map(|class| class.to_string()).collect();
        Ok(self.class_names()?.unwrap_or_else(numbers))
    }

    /// The experiment of a run; `None` of other models.
    pub fn experiment(&self) -> Result<Option<Experiment>> {
        let read = |record: &Record| serde_json::from_value(record.experiment.clone());
        let read = self.record().map(read).transpose();
        read.context("the run's record.json holds no experiment of this version")
    }

    /// The data set `named`, else the run's own, else MNIST; images of the user's own as the network wants them.
    pub(crate) fn data(&self, named: Option<&str>) -> Result<Data> {
        let network = self.posterior().map(Posterior::first_network).transpose()?;
        if let Some(network) = network.filter(|network| network.role() == Role::Regressor) {
            return Err(
                ModelError::NoClassifier { network: network.name().into(), role: network.role() }.into()
            );
        }
        let known = |name: &str| Data { name: name.into(), own: None };
        let run =
            self.experiment()?.map(|Experiment { dataset, images, .. }| Data { name: dataset, own: images });
        let Some(name) = named else {
            let data = run.unwrap_or_else(|| known("mnist"));
            if data.own.is_some() && !Path::new(&data.name).exists() {
                return Err(self.moved(&data.name).into());
            }
            return Ok(data);
        };
        if published::is_known(name) {
            return Ok(known(name));
        }
        let place = own_images::place(name)?;
        let settings = match run {
            Some(run) if run.name == place => return Ok(run),
            Some(Data { own, .. }) => own,
            None => None,
        };
        let sizes = match &self.kind {
            Kind::Weights { posterior, .. } => Sizes::of(&**posterior.first_network()?),
            Kind::Script { settings, said } => Sizes {
                input: said.ok_or_else(|| {
                    let fault = format!("{}: what images the network takes is not known", self.name);
                    Refusal::new(fault, Remedy::InputShape)
                })?,
                classes: settings.classes.unwrap_or(2),
            },
        };
        let Reading { gray, ground } = self.reading;
        let fitting = ImageSettings { gray, ground, ..ImageSettings::for_network(sizes) };
        // The run's own images at another place are read as they were: what is no image there was skipped then, too.
        let settings = settings.map(|run| ImageSettings {
            size: fitting.size,
            channels: fitting.channels,
            layout: None,
            ..run
        });
        Ok(Data { name: place, own: Some(settings.unwrap_or(fitting)) })
    }

    fn moved(&self, place: &str) -> Refusal {
        let name = &self.name;
        let found = if self.trained_on.complete {
            "the run knows them wherever they lie and whatever they are called"
        } else {
            "the run is of before it kept which those are, so name images that it was not trained on"
        };
        Refusal::new(format!("the images of {name} are not at {place} any more; {found}"), Remedy::Dataset)
    }

    /// Whether it is a run that was trained on this data set, at this place.
    pub(crate) fn is_of(&self, data: &Data) -> Result<bool> {
        Ok(self.experiment()?.is_some_and(|run| run.dataset == data.name))
    }

    /// Refuses a network whose gradients do not repeat on the device that it was loaded for.
    pub(crate) fn takes_attacks(&self) -> Result<()> {
        match &self.kind {
            Kind::Weights { posterior, .. } => {
                device::takes_networks(self.device, posterior.members.iter().map(|member| &*member.network))
            }
            Kind::Script { .. } => Ok(()),
        }
    }

    /// What an attack follows.
    pub fn ensemble_gradient(&self) -> EnsembleGradient {
        self.ensemble_gradient
    }

    /// SHA-256 of the files, in their order.
    pub fn digests(&self) -> &[String] {
        &self.digests
    }

    /// The model, for these images.
    pub(crate) fn classifier(self, shown: Shown, session: &Session) -> Result<ReadyModel> {
        let Self { name, files, digests, class_names, ensemble_gradient, device, kind, .. } = self;
        let Shown { images, limit, dataset, own_classes } = shown;
        let model = |architecture: Option<&str>, members: usize, prediction: Prediction| Model {
            source: name.clone(),
            architecture: architecture.map(String::from),
            chains: members as u64,
            prediction: prediction.to_string(),
            ensemble_gradient: ensemble_gradient.to_string(),
            weights: Some(digests.clone()),
        };
        match kind {
            Kind::Weights { posterior, .. } => {
                let (network, input) = (posterior.network_names(), posterior.first_network()?.input());
                if images.shape() != input {
                    let found = images.shape();
                    bail!("{network} takes images of shape {input:?}, {dataset} has {found:?}");
                }
                let model = model(Some(&network), posterior.members.len(), posterior.prediction);
                Ok(ReadyModel { classifier: Box::new(Ensemble::new(&posterior, device)?), model })
            }
            Kind::Script { mut settings, said } => {
                settings.input = input(said, images, dataset)?;
                let trial: Vec<i64> = (0..images.len().min(TRIAL)).collect();
                if trial.is_empty() {
                    bail!("{dataset} has no images to evaluate on");
                }
                let network = SavedNetworks::load(settings, &images.batch(&trial).x)?;
                for (file, read) in files.iter().zip(&digests) {
                    if digest(file)? != *read {
                        bail!(
                            "{} changed while it was read; give a file that stays as it is",
                            file.display()
                        );
                    }
                }
                let outputs = network.classes();
                match (&class_names, own_classes) {
                    (Some(names), _) if names.len() as i64 != outputs => {
                        bail!("{} classes are named, but {name} has {outputs} outputs", names.len())
                    }
                    (None, Some(found)) => {
                        if let Some(doubt) = class_order::in_doubt(&name, outputs, found, dataset) {
                            session.observer().note(&doubt);
                        }
                    }
                    _ => {}
                }
                labels_fit(&name, &network, images, limit, dataset)?;
                let model = model(None, network.len(), network.prediction());
                Ok(ReadyModel { classifier: Box::new(network), model })
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
            let fault = format!(
                "images of shape {c},{h},{w} are asked for, but {dataset} has images of shape {channels},{height},{width} \
                 (channels, height, width)"
            );
            Err(Refusal::new(fault, Remedy::ImagesForIt).into())
        }
        _ => Ok(shape),
    }
}

/// Refuses, before the long work, images of more classes than the network knows.
fn labels_fit(
    name: &str,
    network: &SavedNetworks,
    images: &Images,
    limit: Option<u64>,
    dataset: &str,
) -> Result<()> {
    const BATCH: usize = 500;
    let limit = limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    for batch in images.in_order(BATCH, limit) {
        let labels = Vec::<i64>::try_from(batch.classes()?)?;
        let beyond = labels.iter().position(|&label| label >= network.classes());
        if let Some(row) = beyond {
            let fault = format!(
                "{name}: the network tells {} classes apart (from 0), but image {} of {dataset} is of class {}",
                network.classes(),
                batch.indices[row],
                labels[row]
            );
            return Err(Refusal::new(fault, Remedy::ImagesForIt).into());
        }
    }
    Ok(())
}
