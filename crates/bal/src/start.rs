//! The weights that a run starts from.

use crate::{
    Note, Options, Refusal, Remedy, Session,
    dataset::Training,
    experiment::{Experiment, Networks, Origin},
    file_digest::digest,
    run_folder::{Claim, RunFolder, Status},
    trained_on::TrainedOn,
};
use anyhow::{Context, Result, bail};
use bal_core::{Architecture, ImageDigest, Posterior};
use bal_data::Digest;
use bal_models::{RunImages, Sizes};
use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::Arc,
};

/// Weights, and where they are from.
pub(crate) struct Start {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) posterior: Posterior,
    /// What each of its networks was trained on itself; of a start that was kept nothing, as the run keeps that.
    images: Vec<Images>,
}

/// What is known of the images that a start was trained on.
struct Images {
    trained_on: TrainedOn,
    /// SHA-256 of its data.
    files: BTreeMap<String, String>,
}

impl Start {
    /// The images that its weights were trained on and the run of `experiment` is not. Says where those are test images, or held-out
    /// ones by which it chooses, or where that cannot be told.
    pub(crate) fn images(
        &self,
        experiment: &Experiment,
        training: &Training,
        session: &Session,
    ) -> Vec<ImageDigest> {
        let RunImages { train, held_out, test, .. } = &training.identity;
        if self.images.iter().any(|of| !of.trained_on.complete && of.files != training.digests) {
            session.observer().note(&Note::warning(format!(
                "{}, which the run starts from, is of before runs kept which images they were trained on; whether it \
                 was trained on test images cannot be told",
                self.name
            )));
        }
        let again: HashSet<&ImageDigest> = train.images.iter().collect();
        let all = self.images.iter().flat_map(|of| of.trained_on.all());
        let mut images: Vec<ImageDigest> = all.filter(|image| !again.contains(image)).copied().collect();
        images.sort_unstable();
        images.dedup();
        let tested = test.images.iter().filter(|image| images.binary_search(image).is_ok()).count();
        if tested > 0 {
            session.observer().note(&Note::warning(format!(
                "{}, which the run starts from, was trained on {tested} of the {} test images",
                self.name,
                test.images.len()
            )));
        }
        let seen = held_out.images.iter().filter(|image| images.binary_search(image).is_ok()).count();
        if seen > 0 && experiment.laplace.as_ref().is_some_and(|laplace| laplace.search.is_some()) {
            session.observer().note(&Note::warning(format!(
                "{}, which the run starts from, was trained on {seen} of the {} held-out images, by which the run chooses; \
                 it is surer of them than of others",
                self.name,
                held_out.images.len()
            )));
        }
        images
    }

    /// Several starts as one: a posterior with a member for each.
    fn joined(starts: Vec<Self>) -> Result<Self> {
        let name = starts.iter().map(|start| start.name.clone()).collect::<Vec<_>>().join(", ");
        let mut images = Vec::new();
        let mut posterior: Option<Posterior> = None;
        for start in starts {
            images.extend(start.images);
            match &mut posterior {
                None => posterior = Some(start.posterior),
                Some(all) => all.members.extend(start.posterior.members),
            }
        }
        let posterior = posterior.context("no network has a start")?;
        let bytes = bal_models::posterior_bytes(Path::new(&name), &posterior)?;
        Ok(Self { name, digest: Digest::of(&bytes).to_string(), posterior, images })
    }
}

/// The folder of finished runs that others start from, or attack, by digest.
const CACHE: &str = "runs/cache";

/// Trains an experiment into a folder.
pub(crate) type Train<'a> = &'a dyn Fn(&Experiment, &Origin, Claim) -> Result<()>;

/// The start that the options name or the experiment asks for: finished runs of the same digest, or
/// such that `train` makes now; weights of `networks`, one member for each.
pub(crate) fn resolve(
    options: &Options,
    experiment: &Experiment,
    origin: &Origin,
    networks: &Networks,
    train: Train,
    session: &Session,
) -> Result<Option<Start>> {
    let starts = if let Some(folder) = &options.start {
        if !experiment.networks.is_empty() {
            let fault = format!(
                "{} has several networks, which start from what the experiment says, and not from one run",
                experiment.name
            );
            return Err(Refusal::new(fault, Remedy::NoStart).into());
        }
        if experiment.start.is_none() {
            let fault = format!("{} starts from initial weights, and not from a run", experiment.name);
            return Err(Refusal::new(fault, Remedy::NoStart).into());
        }
        let start = from_run(&RunFolder::new(folder));
        vec![start.with_context(|| format!("{} cannot be started from", folder.display()))?]
    } else {
        let starts = experiment.start_experiments(origin)?;
        let cached = |(first, origin): &(Experiment, Origin)| {
            from_run(&cached(first, origin, "to start from", train, session)?)
        };
        starts.iter().map(cached).collect::<Result<_>>()?
    };
    if starts.is_empty() {
        return Ok(None);
    }
    for (start, network) in starts.iter().zip(networks.used()) {
        is_for(start, network)?;
    }
    let mut starts = starts;
    let one = starts.len() == 1;
    Ok(Some(if one { starts.remove(0) } else { Start::joined(starts)? }))
}

/// Refuses a start whose weights are not those of one `network`.
fn is_for(start: &Start, network: &Arc<dyn Architecture>) -> Result<()> {
    let found = start.posterior.architecture()?;
    if found.name() != network.name() || Sizes::of(&**found) != Sizes::of(&**network) {
        let described = |network: &Arc<dyn Architecture>| {
            format!(
                "{} for images of shape {:?} in {} classes",
                network.name(),
                network.input(),
                network.classes()
            )
        };
        bail!("the start is a {}, the experiment wants a {}", described(found), described(network));
    }
    if start.posterior.members.len() != 1 {
        bail!("the start has {} networks; a point estimate is wanted", start.posterior.members.len());
    }
    Ok(())
}

/// Reads back the start that a begun run keeps in its folder.
///
/// # Errors
/// When the weights are gone, or are no longer those that the run started from.
pub(crate) fn kept(folder: &RunFolder) -> Result<Option<Start>> {
    let Some((name, expected)) = folder.read_identity()?.start else { return Ok(None) };
    let path = folder.start();
    let digest = digest(&path)?;
    if digest != expected {
        let fault = format!("{} is not what the run started from", path.display());
        return Err(Refusal::new(fault, Remedy::RightFileOrAnotherFolder).into());
    }
    Ok(Some(Start { name, digest, posterior: bal_models::read_posterior(&path, None)?, images: vec![] }))
}

fn from_run(folder: &RunFolder) -> Result<Start> {
    let (record, posterior) = folder.finished()?;
    let trained_on = TrainedOn::of_run(folder, &record)?;
    let images = vec![Images { trained_on, files: record.dataset.files }];
    Ok(Start { name: record.name, digest: digest(&folder.posterior())?, posterior, images })
}

/// A finished run of an experiment without sources: that of the same digest, or one that `train` makes now, to be used for this `purpose`.
pub(crate) fn cached(
    experiment: &Experiment,
    origin: &Origin,
    purpose: &str,
    train: Train,
    session: &Session,
) -> Result<RunFolder> {
    let digest = experiment.digest("", experiment.data_digests(session)?.iter())?;
    let folder = RunFolder::new(Path::new(CACHE).join(format!("{}-{}", experiment.name, &digest[..16])));
    if folder.status() != Status::Finished {
        // Another run may be training the same start: this one then takes what came of it.
        let claim = folder.claim_when_free(session)?;
        if claim.status() != Status::Finished {
            session.observer().note(&Note::news(format!("first {}, {purpose}", experiment.name)));
            train(experiment, origin, claim)?;
        }
    }
    Ok(folder)
}
