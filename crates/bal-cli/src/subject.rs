//! What is attacked: a run, files of weights, or networks of anybody's in TorchScript.

use crate::{
    args::{Machine, ModelFlags, usage},
    chosen::Chosen,
    class_order,
    console::say,
    dataset::{self, DataSource},
    experiment::Experiment,
    model_flags::with_flags,
    own_images::{self, ImageSettings},
    run_folder::RunFolder,
    start::digest,
    trained_on::TrainedOn,
};
use anyhow::{Context, Result, bail};
use bal_core::{Classifier, EnsembleGradient, Images, Posterior, Prediction};
use bal_data::own::{self, Gray, Ground};
use bal_models::{Ensemble, Normalisation, ScriptSettings, Sizes, TorchScript};
use bal_report::{Model, Record};
use std::path::{Path, PathBuf};
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
    /// SHA-256 of the files, in their order, as they were when they were read.
    digests: Vec<String>,
    trained_on: TrainedOn,
    /// What the classes are called, where a file of names says it.
    class_names: Option<Vec<String>>,
    /// How images of the user's own are read, where no run says it.
    reading: Reading,
    /// What an attack follows.
    ensemble_gradient: EnsembleGradient,
    device: Device,
    kind: Kind,
}

/// How colours become gray and transparency colours.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    gray: Gray,
    ground: Ground,
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
    let reading = Reading { gray: flags.gray.unwrap_or_default(), ground: flags.ground.unwrap_or_default() };
    let class_names = flags.class_names.as_deref().map(own::read_class_names).transpose()?;
    if let Some(run) = &flags.run {
        is_no_file(run)?;
        let folder = RunFolder::new(run);
        let (record, mut posterior) = folder.finished()?;
        posterior.prediction = flags.prediction.unwrap_or(posterior.prediction);
        posterior.ensemble_gradient = gradient.unwrap_or(posterior.ensemble_gradient);
        let name = chosen(record.name.clone(), &mut posterior, &flags.members)?;
        return Ok(Source {
            name,
            digests: vec![digest(&folder.posterior())?],
            files: vec![folder.posterior()],
            trained_on: TrainedOn::of_run(&folder, &record)?,
            class_names,
            reading,
            ensemble_gradient: posterior.ensemble_gradient,
            device,
            kind: Kind::Weights { posterior, record: Some(Box::new(record)) },
        });
    }
    if !flags.script.torchscript.is_empty() {
        let files = flags.script.torchscript.clone();
        return Ok(Source {
            name: names(&files),
            digests: files.iter().map(|file| digest(file)).collect::<Result<_>>()?,
            files,
            trained_on: TrainedOn::default(),
            class_names,
            reading,
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
    let mut posterior = bal_models::read_posteriors(&flags.weights, architecture, flags.prediction, gradient)
        .map_err(with_flags)?;
    let name = chosen(names(&flags.weights), &mut posterior, &flags.members)?;
    if let (Some(said), Some(path)) = (&class_names, &flags.class_names) {
        let outputs = posterior.architecture.classes();
        let known = posterior.class_names.as_ref();
        if said.len() as i64 != outputs {
            bail!("{} names {} classes, but {name} tells {outputs} apart", path.display(), said.len());
        }
        if let Some(known) = known.filter(|known| *known != said) {
            bail!(
                "{name} says itself what its classes are called: {}; leave --class-names out",
                known.join(", ")
            );
        }
    }
    Ok(Source {
        name,
        digests: flags.weights.iter().map(|file| digest(file)).collect::<Result<_>>()?,
        files: flags.weights.clone(),
        trained_on: TrainedOn::beside(&flags.weights)?,
        class_names,
        reading,
        ensemble_gradient: posterior.ensemble_gradient,
        device,
        kind: Kind::Weights { posterior, record: None },
    })
}

/// Refuses a file where a run folder is wanted, and says how it is named.
fn is_no_file(run: &Path) -> Result<()> {
    if !run.is_file() {
        return Ok(());
    }
    let path = run.display();
    let flag = match ModelFlags::at(run) {
        ModelFlags { script, .. } if !script.torchscript.is_empty() => "--torchscript",
        _ => "--weights",
    };
    Err(usage(format!(
        "{path} is a file, and RUN a folder that `bal train` wrote; a file is named by {flag} {path}"
    )))
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
        normalisation: normalisation.map_err(|e| usage(with_flags(e).to_string()))?,
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

    /// What is known of the images behind it.
    pub(crate) fn trained_on(&self) -> &TrainedOn {
        &self.trained_on
    }

    /// What the classes are called, in the order of the outputs: as the posterior, a file of names, or the run's data set
    /// says it.
    pub(crate) fn class_names(&self) -> Result<Option<Vec<String>>> {
        let posterior = self.posterior();
        let own =
            posterior.and_then(|posterior| posterior.class_names.as_ref()).or(self.class_names.as_ref());
        if own.is_some() {
            return Ok(own.cloned());
        }
        let outputs = posterior.map(|posterior| posterior.architecture.classes() as usize);
        let run = self.experiment()?.and_then(|run| dataset::class_names(&run.dataset));
        Ok(run.filter(|names| Some(names.len()) == outputs))
    }

    /// What the classes are called, or else their numbers.
    pub(crate) fn labels(&self) -> Result<Vec<String>> {
        let Some(posterior) = self.posterior() else { return Ok(vec![]) };
        let numbers = || (0..posterior.architecture.classes()).map(|class| class.to_string()).collect();
        Ok(self.class_names()?.unwrap_or_else(numbers))
    }

    /// The experiment of a run; `None` of other models.
    pub(crate) fn experiment(&self) -> Result<Option<Experiment>> {
        let read = |record: &Record| serde_json::from_value(record.experiment.clone());
        let read = self.record().map(read).transpose();
        read.context("the run's record.json holds no experiment of this version")
    }

    /// The data set `named`, else the run's own, else MNIST; images of the user's own as the network wants them.
    pub(crate) fn data(&self, named: Option<&str>) -> Result<Data> {
        let known = |name: &str| Data { name: name.into(), own: None };
        let run =
            self.experiment()?.map(|Experiment { dataset, images, .. }| Data { name: dataset, own: images });
        let Some(name) = named else {
            let data = run.unwrap_or_else(|| known("mnist"));
            if data.own.is_some() && !Path::new(&data.name).exists() {
                bail!("{}", self.moved(&data.name));
            }
            return Ok(data);
        };
        if dataset::is_known(name) {
            return Ok(known(name));
        }
        let place = own_images::place(name)?;
        let settings = match run {
            Some(run) if run.name == place => return Ok(run),
            Some(Data { own, .. }) => own,
            None => None,
        };
        let sizes = match &self.kind {
            Kind::Weights { posterior, .. } => Sizes::of(&*posterior.architecture),
            Kind::Script { settings, said } => Sizes {
                input: said.context("say by --input-shape C,H,W what images the network takes")?,
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

    fn moved(&self, place: &str) -> String {
        let name = &self.name;
        let found = if self.trained_on.complete {
            "the run knows them wherever they lie and whatever they are called"
        } else {
            "the run is of before it kept which those are, so name images that it was not trained on"
        };
        format!(
            "the images of {name} are not at {place} any more; say by --dataset where they are now: {found}"
        )
    }

    /// Whether it is a run that was trained on this data set, at this place.
    pub(crate) fn is_of(&self, data: &Data) -> Result<bool> {
        Ok(self.experiment()?.is_some_and(|run| run.dataset == data.name))
    }

    /// The images with labels as the network counts its classes.
    ///
    /// # Errors
    /// For images of the user's own of a class that the network does not know.
    pub(crate) fn numbered(&self, chosen: Chosen) -> Result<Chosen> {
        let Some(known) = self.class_names()? else { return self.by_place(chosen) };
        let (dataset, found) = (chosen.dataset.clone(), chosen.class_names.clone());
        if class_order::places(&found, &known).is_ok() || chosen.is_own() {
            return chosen
                .in_order_of(&known)
                .map_err(|_| anyhow::anyhow!("{}", self.others(&known, &found, &dataset)));
        }
        let mut chosen = self.by_place(chosen)?;
        chosen.remarks.push(format!("warning: {}", self.others(&known, &found, &dataset)));
        Ok(chosen)
    }

    fn others(&self, known: &[String], found: &[String], dataset: &str) -> String {
        format!(
            "{} tells {} apart, but the classes of {dataset} are {}; labels would not mean the same",
            self.name,
            known.join(", "),
            found.join(", ")
        )
    }

    /// The images as they are, where nobody said what the outputs of the network stand for.
    fn by_place(&self, mut chosen: Chosen) -> Result<Chosen> {
        let Kind::Weights { posterior, .. } = &self.kind else { return Ok(chosen) };
        let (outputs, found) = (posterior.architecture.classes(), chosen.class_names.len());
        if found as i64 > outputs {
            bail!("{} tells {outputs} classes apart, but {} has {found}", self.name, chosen.dataset);
        }
        if chosen.is_own() {
            let doubt = class_order::in_doubt(&self.name, outputs, &chosen.class_names, &chosen.dataset);
            chosen.remarks.extend(doubt);
        }
        Ok(chosen)
    }

    /// Whether labels mean the same classes to it as to the model that the images were chosen for: images of the user's own
    /// whose labels do not are refused, and of others something has to be said.
    pub(crate) fn agrees(&self, chosen: &Chosen) -> Result<Option<String>> {
        let Some(known) = self.class_names()? else { return Ok(None) };
        let in_order: Vec<i64> = (0..known.len() as i64).collect();
        if class_order::places(&chosen.class_names, &known) == Ok(in_order) {
            return Ok(None);
        }
        let others = self.others(&known, &chosen.class_names, &chosen.dataset);
        if chosen.is_own() {
            bail!("{others}");
        }
        Ok(Some(format!("warning: {others}")))
    }

    /// What an attack follows.
    pub(crate) fn ensemble_gradient(&self) -> EnsembleGradient {
        self.ensemble_gradient
    }

    /// SHA-256 of the files, in their order.
    pub(crate) fn digests(&self) -> &[String] {
        &self.digests
    }

    /// The model, for these images.
    pub(crate) fn classifier(self, shown: Shown) -> Result<Subject> {
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
                let network = TorchScript::load(settings, &images.batch(&trial).x).map_err(with_flags)?;
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
                        bail!("--class-names names {} classes, but {name} has {outputs} outputs", names.len())
                    }
                    (None, Some(found)) => {
                        if let Some(doubt) = class_order::in_doubt(&name, outputs, found, dataset) {
                            say(&doubt);
                        }
                    }
                    _ => {}
                }
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
