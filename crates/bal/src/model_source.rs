//! What is attacked: a run, files of weights, or anybody's networks as PyTorch saved them.

mod class_numbers;
mod file_kind;
mod loaded;

use crate::{Refusal, Remedy, file_digest::digest, run_folder::RunFolder, trained_on::TrainedOn};
use anyhow::{Result, bail};
use bal_core::{EnsembleGradient, Posterior, Prediction};
use bal_data::own::{self, Gray, Ground};
use bal_models::{Normalisation, SavedSettings, exported_input_shape};
use bal_report::Record;
pub use file_kind::FileKind;
pub(crate) use loaded::{Data, Shown};
pub use loaded::{LoadedModel, ReadyModel};
use std::path::{Path, PathBuf};
use tch::Device;

/// A model, and how it is used. [`ModelSource::at`] makes one of a path; fields say the rest.
#[derive(Clone, Debug)]
pub struct ModelSource {
    /// Where it is.
    pub files: ModelFiles,
    /// Only these members of a posterior, counted from 0; all where none is named.
    pub members: Vec<usize>,
    /// A file with the classes' names, one a line, in the order of the outputs, where no run says them.
    pub class_names: Option<PathBuf>,
    /// How colours of one's own images become gray, where no run says it.
    pub gray: Option<Gray>,
    /// What is behind one's own transparent images, where no run says it.
    pub ground: Option<Ground>,
    /// How members predict; without it as the weights say.
    pub prediction: Option<Prediction>,
    /// The gradient that attacks follow; without it as the weights say.
    pub ensemble_gradient: Option<EnsembleGradient>,
}

/// Where a model is.
#[derive(Clone, Debug)]
pub enum ModelFiles {
    /// The folder of a finished run.
    Run(PathBuf),
    /// Files of weights in safetensors; several of one network are one ensemble.
    Weights {
        /// The files.
        files: Vec<PathBuf>,
        /// The network, where the files do not say it.
        architecture: Option<String>,
    },
    /// Networks that PyTorch saved as TorchScript; several are one ensemble. Such a file is a program: trust whoever made it.
    TorchScript(Saved),
    /// Networks that PyTorch saved as exported programs (`.pt2`); several are one ensemble. Such a file is a graph of operators, and
    /// does nothing but compute.
    Exported(Saved),
}

/// Networks that PyTorch saved, and what they take and give.
#[derive(Clone, Debug, Default)]
pub struct Saved {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Channels, height and width of the images that they take; without it those of the data set.
    pub input_shape: Option<[i64; 3]>,
    /// How many classes they tell apart; without it as many as they give logits.
    pub classes: Option<i64>,
    /// Subtracted from pixels in [0, 1]: a number, or one per channel; 0 where empty.
    pub mean: Vec<f64>,
    /// Divides them after that: a number, or one per channel; 1 where empty.
    pub std: Vec<f64>,
}

impl ModelSource {
    /// The model in these files, used as they say.
    pub fn new(files: ModelFiles) -> Self {
        Self {
            files,
            members: vec![],
            class_names: None,
            gray: None,
            ground: None,
            prediction: None,
            ensemble_gradient: None,
        }
    }

    /// The model at `path`: a run folder, weights, or what PyTorch saved. What a file is its first bytes say, or else its name.
    pub fn at(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let file = path.to_path_buf();
        let saved = || Saved { files: vec![file.clone()], ..Saved::default() };
        Self::new(match FileKind::of(path) {
            FileKind::Weights if path.is_dir() || (!path.is_file() && path.extension().is_none()) => {
                ModelFiles::Run(file)
            }
            FileKind::Weights => ModelFiles::Weights { files: vec![file], architecture: None },
            FileKind::TorchScript => ModelFiles::TorchScript(saved()),
            FileKind::Exported => ModelFiles::Exported(saved()),
        })
    }

    /// The files that PyTorch saved, where it is such.
    pub(crate) fn saved(&self) -> Option<&Saved> {
        match &self.files {
            ModelFiles::TorchScript(saved) | ModelFiles::Exported(saved) => Some(saved),
            ModelFiles::Run(_) | ModelFiles::Weights { .. } => None,
        }
    }

    /// Reads it, as far as that can be done without images.
    ///
    /// # Errors
    /// When a file cannot be read, or what is asked of it is not there.
    pub fn load(&self, device: Device) -> Result<LoadedModel> {
        let reading =
            Reading { gray: self.gray.unwrap_or_default(), ground: self.ground.unwrap_or_default() };
        let class_names = self.class_names.as_deref().map(own::read_class_names).transpose()?;
        match &self.files {
            ModelFiles::Run(run) => self.load_run(run, (class_names, reading), device),
            ModelFiles::TorchScript(saved) | ModelFiles::Exported(saved) => Ok(LoadedModel {
                name: names(&saved.files),
                digests: digests_of(saved, matches!(self.files, ModelFiles::Exported(_)))?,
                files: saved.files.clone(),
                trained_on: TrainedOn::default(),
                class_names,
                reading,
                ensemble_gradient: self.ensemble_gradient.unwrap_or(EnsembleGradient::Predictive),
                device,
                kind: self.network_of(saved, device)?,
            }),
            ModelFiles::Weights { files, architecture } => {
                let architecture = architecture.as_deref();
                self.load_weights((files, architecture), (class_names, reading), device)
            }
        }
    }

    /// How files that PyTorch saved are loaded when the images are there.
    fn network_of(&self, saved: &Saved, device: Device) -> Result<Kind> {
        let or = |given: &[f64], default: f64| if given.is_empty() { vec![default] } else { given.to_vec() };
        let normalisation = Normalisation::new(or(&saved.mean, 0.0), or(&saved.std, 1.0))
            .map_err(|error| Refusal::of_request("pixels cannot be normalised so").because(error.into()))?;
        // TorchScript does not say what it takes, an exported program does.
        let said = match (&self.files, saved.input_shape, &saved.files[..]) {
            (ModelFiles::Exported(_), None, [first, ..]) => exported_input_shape(first)?,
            (_, said, _) => said,
        };
        let settings = SavedSettings {
            files: saved.files.clone(),
            // The data set's, unless given.
            input: said.unwrap_or_default(),
            classes: saved.classes,
            normalisation,
            prediction: self.prediction.unwrap_or(Prediction::MeanProbability),
            device,
        };
        Ok(Kind::Script { settings, said })
    }

    fn load_run(
        &self,
        run: &Path,
        (class_names, reading): (Option<Vec<String>>, Reading),
        device: Device,
    ) -> Result<LoadedModel> {
        is_no_file(run)?;
        let folder = RunFolder::new(run);
        let (record, mut posterior) = folder.finished()?;
        posterior.prediction = self.prediction.unwrap_or(posterior.prediction);
        posterior.ensemble_gradient = self.ensemble_gradient.unwrap_or(posterior.ensemble_gradient);
        let name = chosen(record.name.clone(), &mut posterior, &self.members)?;
        Ok(LoadedModel {
            name,
            digests: vec![digest(&folder.posterior())?],
            files: vec![folder.posterior()],
            trained_on: TrainedOn::of_run(&folder, &record)?,
            class_names,
            reading,
            ensemble_gradient: posterior.ensemble_gradient,
            device,
            kind: Kind::Weights { posterior, record: Some(Box::new(record)) },
        })
    }

    fn load_weights(
        &self,
        (files, architecture): (&[PathBuf], Option<&str>),
        (class_names, reading): (Option<Vec<String>>, Reading),
        device: Device,
    ) -> Result<LoadedModel> {
        let architecture = architecture.map(|name| bal_models::architecture(name, None)).transpose();
        let architecture = architecture.map_err(|error| Refusal::of_request(error.to_string()))?;
        let mut posterior =
            bal_models::read_posteriors(files, architecture, self.prediction, self.ensemble_gradient)?;
        let name = chosen(names(files), &mut posterior, &self.members)?;
        if let (Some(said), Some(path)) = (&class_names, &self.class_names) {
            let outputs = posterior.first_network()?.classes();
            let known = posterior.class_names.as_ref();
            if said.len() as i64 != outputs {
                bail!("{} names {} classes, but {name} tells {outputs} apart", path.display(), said.len());
            }
            if let Some(known) = known.filter(|known| *known != said) {
                let fault = format!("{name} says itself what its classes are called: {}", known.join(", "));
                return Err(Refusal::new(fault, Remedy::NoClassNames).into());
            }
        }
        Ok(LoadedModel {
            name,
            digests: files.iter().map(|file| digest(file)).collect::<Result<_>>()?,
            files: files.to_vec(),
            trained_on: TrainedOn::beside(files)?,
            class_names,
            reading,
            ensemble_gradient: posterior.ensemble_gradient,
            device,
            kind: Kind::Weights { posterior, record: None },
        })
    }
}

/// How colours become gray and transparency colours.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    gray: Gray,
    ground: Ground,
}

enum Kind {
    /// Weights of one of the project's networks.
    Weights { posterior: Posterior, record: Option<Box<Record>> },
    /// Files that PyTorch saved; they are tried on images when they are loaded.
    Script { settings: SavedSettings, said: Option<[i64; 3]> },
}

/// Refuses a file where a run folder is wanted, and says how it is named.
fn is_no_file(run: &Path) -> Result<()> {
    if !run.is_file() {
        return Ok(());
    }
    let fault = format!("{} is a file, and the folder of a run is wanted", run.display());
    Err(Refusal::of_request(fault).with(named_as_file(run)).into())
}

fn named_as_file(file: &Path) -> Remedy {
    Remedy::NamedAsFile { file: file.to_path_buf(), kind: FileKind::of(file) }
}

/// The digests of files that PyTorch saved; refuses one of the format that is not meant.
fn digests_of(saved: &Saved, exported: bool) -> Result<Vec<String>> {
    let (wanted, meant) = if exported {
        (FileKind::Exported, "an exported program")
    } else {
        (FileKind::TorchScript, "TorchScript")
    };
    for file in &saved.files {
        let found = match (FileKind::of(file), wanted) {
            (FileKind::TorchScript, FileKind::Exported) => "TorchScript",
            (FileKind::Exported, FileKind::TorchScript) => "an exported program",
            _ => continue,
        };
        let fault = format!("{} is {found}, and {meant} is wanted", file.display());
        return Err(Refusal::of_request(fault).with(named_as_file(file)).into());
    }
    saved.files.iter().map(|file| digest(file)).collect()
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
