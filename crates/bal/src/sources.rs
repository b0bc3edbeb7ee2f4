//! The networks that an attack in training runs on, beside the network in training.

use crate::{
    ModelFiles, ModelSource, Note, Refusal, Remedy, Session,
    dataset::Training,
    experiment::{Experiment, Origin},
    file_digest::digest,
    model_source::LoadedModel,
    published,
    run_folder::{Identity, RunFolder, Status},
    start::{self, Train},
    trained_on::Tie,
};
use anyhow::{Context, Result, bail};
use bal_core::{Classifier, Posterior, Role};
use bal_models::{Ensemble, Sizes};
use std::path::{Path, PathBuf};
use tch::Device;

/// A network that was trained before, and where it is from.
pub(crate) struct Source {
    pub(crate) name: String,
    /// SHA-256 of its file of weights.
    pub(crate) digest: String,
    /// Where they are.
    pub(crate) file: PathBuf,
    posterior: Posterior,
}

impl Source {
    /// Its weights.
    pub(crate) fn posterior(&self) -> &Posterior {
        &self.posterior
    }
}

/// The sources that the experiment names: finished runs, those that `train` makes now, and files.
///
/// # Errors
/// When one cannot be read or trained, or does not know the images and classes that are trained on.
pub(crate) fn resolve(
    experiment: &Experiment,
    origin: &Origin,
    training: &Training,
    train: Train,
    session: &Session,
) -> Result<Vec<Source>> {
    let Some(named) = experiment.sources() else { return Ok(vec![]) };
    // Files are looked at before anything is trained for long.
    let read = |file: &PathBuf| checked(experiment, training, &origin.path_beside(file), session);
    let files = named.files.iter().map(read).collect::<Result<Vec<_>>>()?;
    let trained = |(source, origin): (Experiment, Origin)| {
        let folder = start::cached(&source, &origin, "for the attack", train, session)?;
        checked(experiment, training, folder.path(), session)
    };
    let trained = experiment.source_experiments(origin)?.into_iter().map(trained);
    Ok(trained.collect::<Result<Vec<_>>>()?.into_iter().chain(files).collect())
}

/// Reads back the sources that a begun run keeps in its folder.
///
/// # Errors
/// When one is gone, or no longer what the run began with.
pub(crate) fn kept(folder: &RunFolder) -> Result<Vec<Source>> {
    let Identity { sources, .. } = folder.read_identity()?;
    let read = |(place, (name, expected)): (usize, (String, String))| {
        let file = folder.source(place);
        let digest = digest(&file)?;
        if digest != expected {
            let fault = format!("{} is not what the run began with", file.display());
            return Err(Refusal::new(fault, Remedy::RightFileOrAnotherFolder).into());
        }
        Ok(Source { name, digest, posterior: bal_models::read_posterior(&file, None)?, file })
    };
    sources.into_iter().enumerate().map(read).collect()
}

/// The networks themselves.
pub(crate) fn classifiers(sources: &[Source], device: Device) -> Result<Vec<Box<dyn Classifier>>> {
    let classifier =
        |source: &Source| Ok(Box::new(Ensemble::new(&source.posterior, device)?) as Box<dyn Classifier>);
    sources.iter().map(classifier).collect()
}

/// The network at `path`, if it takes the images that are trained on and knows their classes.
fn checked(experiment: &Experiment, training: &Training, path: &Path, session: &Session) -> Result<Source> {
    let context = || format!("{} cannot be a source", path.display());
    let source = source(path).load(session.device).with_context(context)?;
    fits(&source, experiment, training).with_context(context)?;
    let trained = |image: &&_| source.trained_on().tie(image) == Some(Tie::Trained);
    let test = &training.identity.test.images;
    let tested = test.iter().filter(trained).count();
    if tested > 0 {
        session.observer().note(&Note::warning(format!(
            "{}, which the attack runs on in training, was trained on {tested} of the {} test images",
            source.name(),
            test.len()
        )));
    }
    source.into_source().with_context(context)
}

/// A run where `path` is one, or its weights; other weights else.
fn source(path: &Path) -> ModelSource {
    let folder = RunFolder::new(path.parent().unwrap_or(Path::new("")));
    if path == folder.posterior() && folder.status() == Status::Finished {
        return ModelSource::new(ModelFiles::Run(folder.path().to_path_buf()));
    }
    ModelSource::at(path)
}

fn fits(source: &LoadedModel, experiment: &Experiment, training: &Training) -> Result<()> {
    let Some(posterior) = source.posterior() else {
        bail!("PyTorch saved it as a network, and files of weights are wanted")
    };
    let network = posterior.first_network()?;
    if network.role() != Role::Classifier {
        bail!("its {} is no classifier; name weights of one", network.name());
    }
    let (theirs, ours) = (Sizes::of(&**network), training.sizes()?);
    if theirs != ours {
        let described =
            |sizes: Sizes| format!("images of shape {:?} in {} classes", sizes.input, sizes.classes);
        bail!(
            "its {} takes {}, and {} has {}",
            network.name(),
            described(theirs),
            experiment.dataset,
            described(ours)
        );
    }
    let ours = training.class_names.clone().or_else(|| published::class_names(&experiment.dataset));
    if let (Some(theirs), Some(ours)) = (source.class_names()?, ours)
        && theirs != ours
    {
        let (theirs, ours) = (theirs.join(", "), ours.join(", "));
        bail!("it was trained on other classes: {theirs}; those of {} are {ours}", experiment.dataset);
    }
    Ok(())
}

impl LoadedModel {
    /// As a source; a model of one file of weights.
    fn into_source(self) -> Result<Source> {
        let name = self.name().to_string();
        let (file, digest, posterior) = self.into_weights().context("one file of weights is wanted")?;
        Ok(Source { name, digest, file, posterior })
    }
}
