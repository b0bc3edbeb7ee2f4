//! Training: an experiment becomes a run.

use crate::{
    Note, Options, Refusal, Remedy, Session,
    dataset::Training,
    experiment::{Experiment, ExperimentRequest, Networks, Origin, weights},
    followed::Followed,
    last_batch, ranks,
    ranks::Opening,
    run_folder::{Claim, Identity, RunFolder, Status},
    run_record::{self, Outcome},
    sources::{self, Source},
    start::{self, Start},
    train_beside::train_beside,
};
use anyhow::{Context, Result, bail};
use bal_baselines::TraceSettings;
use bal_cluster::ClusterError;
use bal_core::{Architecture, Checkpoint, Member, Posterior, TaskNetwork, TrainError};
use bal_models::{RunImages, Traces};
use bal_report::{Record, metrics};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};
use tch::Tensor;

/// What to train, and into which folder.
#[derive(Clone, Debug, Default)]
pub struct TrainRequest {
    /// The experiment; without a file, that of the run which is resumed, else BAL on MNIST as released.
    pub experiment: ExperimentRequest,
    /// The run folder; without one `runs/NAME-seedN`.
    pub out: Option<PathBuf>,
    /// Whether a run that was begun there goes on; one that is finished is then left as it is.
    pub resume: bool,
    /// The rest.
    pub options: Options,
}

/// A run after [`train`].
#[derive(Clone, Debug)]
pub struct Trained {
    /// Where it is.
    pub folder: RunFolder,
    /// How it ended.
    pub ending: Ending,
}

/// How a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// It is finished.
    Finished,
    /// It was finished before.
    WasFinished,
    /// The observer wished it to end; there is a checkpoint.
    Interrupted {
        /// Batches done.
        sweep: u64,
        /// Batches in all.
        planned: u64,
    },
}

/// Trains an experiment into a run folder: `posterior.safetensors`, `record.json`, metrics, and while it goes on a checkpoint.
///
/// The same experiment, seed and data give the same weights, bit by bit, whatever the number of threads and of ranks, and whether
/// the training was interrupted or not.
///
/// Of several ranks ([`Session::among`]) rank 0 alone has a run folder, and finds what the run starts from. The others take
/// part in the training, and write nothing.
///
/// # Errors
/// When the experiment or its data cannot be used, another process or another run has the folder, or a file cannot be
/// written; when ranks differ, or one is lost. A [`Refusal`] among the causes says what can be done.
pub fn train(request: &TrainRequest, session: &Session) -> Result<Trained> {
    let Some(cluster) = session.cluster() else { return train_here(request, session) };
    let outcome = if session.is_first() {
        train_here(request, session)
    } else {
        train_beside(request, cluster, session)
    };
    ranks::ended(cluster, outcome)
}

/// Trains where the run folder is.
fn train_here(request: &TrainRequest, session: &Session) -> Result<Trained> {
    let named = request.out.as_ref().map(RunFolder::new);
    // Before images are looked at, which may take long.
    let early = named.as_ref().map(|folder| claim(request.resume, folder, session)).transpose()?;
    let kept = named.as_ref().filter(|_| request.resume).map(RunFolder::experiment);
    let (experiment, origin) = request.experiment.read(kept.filter(|path| path.is_file()), session)?;
    let usual = || RunFolder::new(format!("runs/{}-seed{}", experiment.name, experiment.seed));
    let folder = named.clone().unwrap_or_else(usual);
    let claim = match early {
        Some(claim) => claim,
        None => claim(request.resume, &folder, session)?,
    };
    if let Some(cluster) = session.cluster() {
        let opening = match claim {
            Some(_) => Opening::Train(toml::to_string(&experiment)?),
            None => Opening::Finished,
        };
        opening.tell(cluster)?;
    }
    let ending = match claim {
        Some(claim) => run(request, &experiment, &origin, claim, session)?,
        None => finished(&experiment, &folder)?,
    };
    Ok(Trained { ending, folder: folder.clone() })
}

/// The end of a run that is finished already.
///
/// # Errors
/// When it is a run of another experiment.
fn finished(experiment: &Experiment, folder: &RunFolder) -> Result<Ending> {
    let path = folder.path().display();
    let record = Record::read(&folder.record())?;
    let context = || format!("{} holds no experiment of this version", folder.record().display());
    let recorded: Experiment = serde_json::from_value(record.experiment).with_context(context)?;
    if !experiment.is_like(&recorded)? {
        let fault = format!("{path} is a finished run of another experiment (its settings or seed differ)");
        return Err(Refusal::new(fault, Remedy::AnotherFolder).into());
    }
    Ok(Ending::WasFinished)
}

/// Trains `experiment` into a folder, which has no finished run.
fn run(
    request: &TrainRequest,
    experiment: &Experiment,
    origin: &Origin,
    mut claim: Claim<'_>,
    session: &Session,
) -> Result<Ending> {
    let (folder, status, options) = (claim.folder(), claim.status(), &request.options);
    let method = experiment.method()?;
    let device = session.device;
    let training = experiment.training(session)?;
    method.check(training.images.len() as u64)?;
    let sizes = training.sizes()?;
    experiment.suits(sizes)?;
    let networks = experiment.architectures(sizes, device)?;
    for network in networks.used() {
        method.check_network(&**network)?;
        announce(&**network, session);
    }
    let chains = experiment.chains();
    if let Some(remark) = chains.and_then(|chains| last_batch::remark(chains, training.images.len() as u64)) {
        session.observer().note(&remark);
    }
    if let Some(cluster) = session.cluster() {
        ranks::agree_on_training(cluster, (request, experiment), &training.digests, session)?;
        ranks::check_method(&*method)?;
    }
    let Beginning { start, sources, digest } =
        beginning(options, experiment, origin, &claim, (&training, &networks), session)?;
    let mut task = experiment.task(&networks, &training, session);
    if let Some(start) = &start {
        begin_at(&mut task.networks, &start.posterior)?;
    }
    task.resume = checkpoint(folder, &digest, &|chain| task.architecture(chain).clone())?;
    let done = task.resume.as_ref().map_or(0, |checkpoint| checkpoint.sweep);
    if status == Status::Begun {
        claim.remove_leftovers();
        metrics::truncate_after(&folder.metrics(), done).map_err(|error| goes_on(&claim, error.into()))?;
        session
            .observer()
            .note(&Note::news(format!("{} goes on after batch {done}", folder.path().display())));
    }
    if let Some(cluster) = session.cluster() {
        let of_sources: Vec<&Posterior> = sources.iter().map(Source::posterior).collect();
        let start = start.as_ref().map(|start| &start.posterior);
        ranks::Beginning::tell(cluster, folder, (start, &of_sources), &digest)?;
    }
    let planned = method.sweeps(training.images.len() as u64);
    if let Some(last) = options.max_sweeps.filter(|&last| last <= done) {
        bail!("{} has done {done} batches already, and was to end after {last}", folder.path().display());
    }
    let mut observer = Followed::new(options, session, experiment, folder, &digest, planned, done)
        .map_err(|error| goes_on(&claim, error))?;
    session.observer().training_begins()?;
    let method = experiment.method_with(sources::classifiers(&sources, device)?)?;
    let fitted = method.fit(&task, &mut |progress| observer.observe(progress));
    let posterior = match (fitted, observer.failure.take()) {
        (_, Some(failure)) => Err(goes_on(&claim, failure)),
        (Err(error @ TrainError::Checkpoint(_)), None) => Err(anew(&folder.checkpoint(), error.into())),
        (Err(error @ TrainError::Lost { .. }), None) => Err(without(error, &claim, &digest)),
        (Err(error), None) => Err(error.into()),
        // Whatever it was trained in, it is used in fp32.
        (Ok(posterior), None) => {
            let as_used = |member: Member| Member { network: networks.used_as(&member.network), ..member };
            let members = posterior.members.into_iter().map(as_used).collect();
            Ok(Posterior {
                members,
                class_names: training.class_names.clone(),
                columns: training.columns.clone(),
                ..posterior
            })
        }
    };
    observer.display.finish();
    if observer.interrupted {
        return Ok(Ending::Interrupted { sweep: observer.sweep, planned });
    }
    let posterior = posterior?;
    // From here on what was trained is lost with the folder.
    claim.keep();
    let traces = observer.traces.take();
    let outcome = Outcome {
        training: &training,
        start: start.as_ref(),
        sources: &sources,
        posterior: &posterior,
        sweeps: observer.sweep,
        planned,
        seconds: observer.seconds(),
    };
    write(options, experiment, folder, session, &outcome, traces).map_err(|error| goes_on(&claim, error))?;
    claim.tidy();
    Ok(Ending::Finished)
}

/// Writes the results of a run, the record last.
fn write(
    options: &Options,
    experiment: &Experiment,
    folder: &RunFolder,
    session: &Session,
    outcome: &Outcome,
    traces: Option<Tensor>,
) -> Result<()> {
    bal_models::write_posterior(&folder.posterior(), outcome.posterior)?;
    if let (Some(log_probability), Some(bal)) = (traces, experiment.chains()) {
        let TraceSettings { burn_in, every, .. } = bal.mixing;
        bal_models::write_traces(&folder.traces(), &Traces { log_probability, burn_in, every })?;
    }
    if !folder.data().is_file() {
        // Of a run that was begun before such a file was written at its beginning.
        bal_models::write_run_images(&folder.data(), &outcome.training.identity)?;
    }
    Ok(run_record::make(options, experiment, folder, session, outcome)?.write(&folder.record())?)
}

/// What went wrong, and that the run can go on, if it was the disk or another rank and the run stays.
fn goes_on(claim: &Claim<'_>, error: anyhow::Error) -> anyhow::Error {
    let path = claim.folder().path();
    let is_elsewhere = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<std::io::Error>() || cause.is::<ClusterError>()
    };
    if claim.is_kept() && error.chain().any(is_elsewhere) {
        Refusal::new("the run has not ended", Remedy::Resume(path.to_path_buf())).because(error)
    } else {
        error
    }
}

/// The end of a run whose other ranks are lost: what it has made is kept, so that it can go on.
fn without(error: TrainError, claim: &Claim<'_>, digest: &str) -> anyhow::Error {
    let folder = claim.folder();
    if let TrainError::Lost { checkpoint: Some(checkpoint), .. } = &error {
        let checkpoint = checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(full) = bal_models::write_checkpoint(&folder.checkpoint(), digest, &checkpoint) {
            return anyhow::Error::new(full).context(error.to_string());
        }
    }
    if !claim.is_kept() {
        return error.into();
    }
    Refusal::new("the run has not ended", Remedy::Resume(folder.path().to_path_buf())).because(error.into())
}

/// What a run begins with.
struct Beginning {
    start: Option<Start>,
    sources: Vec<Source>,
    /// Of everything that determines the weights.
    digest: String,
}

/// Finds what the run begins with, and begins it; or reads back what it began with.
///
/// # Errors
/// When a start or a source cannot be had, or the run that was begun is another one.
fn beginning(
    options: &Options,
    experiment: &Experiment,
    origin: &Origin,
    claim: &Claim<'_>,
    (training, networks): (&Training, &Networks),
    session: &Session,
) -> Result<Beginning> {
    let (folder, status) = (claim.folder(), claim.status());
    let (start, sources) = if status == Status::Begun {
        (start::kept(folder)?, sources::kept(folder)?)
    } else {
        let options_of_first = Options { start: None, max_sweeps: None, ..options.clone() };
        let first = TrainRequest { options: options_of_first, ..TrainRequest::default() };
        // The other ranks wait for what comes of it.
        let alone = session.alone();
        let train = |experiment: &Experiment, origin: &Origin, claim: Claim| {
            run(&first, experiment, origin, claim, &alone).map(drop)
        };
        let start = start::resolve(options, experiment, origin, networks, &train, session)?;
        (start, sources::resolve(experiment, origin, training, &train, session)?)
    };
    let before = start.as_ref().map_or("", |start| start.digest.as_str());
    let before = sources.iter().fold(before.to_string(), |all, source| all + "+" + &source.digest);
    let identity = Identity {
        digest: experiment.digest(&before, training.digests.iter())?,
        start: start.as_ref().map(|start| (start.name.clone(), start.digest.clone())),
        sources: sources.iter().map(|source| (source.name.clone(), source.digest.clone())).collect(),
    };
    if status == Status::Absent {
        let before = start.as_ref().map_or(vec![], |start| start.images(experiment, training, session));
        let images = RunImages { start: before, ..training.identity.clone() };
        claim.begin(
            toml::to_string(experiment)?,
            &identity,
            (start.as_ref().map(|s| &s.posterior), &sources),
            &images,
        )?;
    } else if folder.read_identity()? != identity {
        let fault = format!(
            "{} is a run of another experiment (its settings, seed or data differ)",
            folder.path().display()
        );
        return Err(Refusal::new(fault, Remedy::AnotherFolderOrAsBegun).into());
    }
    Ok(Beginning { start, sources, digest: identity.digest })
}

/// Lets the chains of each network begin at the member of `start` that is for it. In files members of one architecture stand
/// together, in their order.
///
/// # Errors
/// When there is no such member, or one is left: the file of the start is another run's.
pub(crate) fn begin_at(networks: &mut [TaskNetwork], start: &Posterior) -> Result<()> {
    let mut left: Vec<&Member> = start.members.iter().collect();
    let unlike =
        || format!("the start has weights of {}, and other networks are wanted", start.network_names());
    for network in networks {
        let place = left.iter().position(|member| member.network.name() == network.architecture.name());
        network.start = Some(left.remove(place.with_context(unlike)?).duplicate());
    }
    if left.is_empty() { Ok(()) } else { bail!("{}", unlike()) }
}

/// The checkpoint of the run, if it has one.
///
/// # Errors
/// When it is damaged, or of another run.
fn checkpoint(
    folder: &RunFolder,
    digest: &str,
    network: &dyn Fn(usize) -> Arc<dyn Architecture>,
) -> Result<Option<Checkpoint>> {
    let path = folder.checkpoint();
    if !path.is_file() {
        return Ok(None);
    }
    bal_models::read_checkpoint(&path, digest, network).map_err(|error| anew(&path, error.into())).map(Some)
}

/// The way out where a checkpoint cannot be used.
fn anew(checkpoint: &Path, error: anyhow::Error) -> anyhow::Error {
    let fault = format!("cannot go on from {}", checkpoint.display());
    Refusal::new(fault, Remedy::WithoutCheckpoint).because(error)
}

/// The folder, as this process's own from now on; `None` where the run there is finished.
///
/// # Errors
/// When another process writes there, or another run is there and this one is not to go on.
fn claim<'a>(resume: bool, folder: &'a RunFolder, session: &Session) -> Result<Option<Claim<'a>>> {
    let status = folder.status();
    // Where nothing can be trained nothing is made, not even a lock.
    if !matches!(status, Status::Absent | Status::Begun) {
        is_to_be_trained(resume, folder, status)?;
        // A process may have been killed after it had written the record.
        if folder.checkpoint().is_file()
            && let Ok(claim) = folder.claim(session)
        {
            claim.tidy();
        }
        return Ok(None);
    }
    let claim = folder.claim(session)?;
    Ok(is_to_be_trained(resume, folder, claim.status())?.then_some(claim))
}

/// Whether something is to be trained in a folder of this status; not if its run is finished.
fn is_to_be_trained(resume: bool, folder: &RunFolder, status: Status) -> Result<bool> {
    let path = folder.path().display();
    match status {
        Status::Absent => Ok(true),
        Status::Foreign => {
            let fault = format!("{path} exists and is no run folder");
            Err(Refusal::new(fault, Remedy::AnotherFolder).into())
        }
        Status::Begun if resume => Ok(true),
        Status::Finished if resume => Ok(false),
        Status::WithoutWeights if resume => bail!("{}", folder.without_weights()),
        Status::Begun => {
            Err(Refusal::of_request(format!("{path} exists")).with(Remedy::ResumeOrAnotherFolder).into())
        }
        Status::Finished | Status::WithoutWeights => {
            let fault = format!("{path} exists, and its run is finished");
            Err(Refusal::of_request(fault).with(Remedy::AnotherFolder).into())
        }
    }
}

/// Says what is trained.
fn announce(network: &dyn Architecture, session: &Session) {
    let weights = weights(network);
    session.observer().note(&Note::news(format!(
        "{}: {weights} weights, for {}",
        network.name(),
        shown(network.input(), network.classes())
    )));
}

/// What a network is shown, in words. A single class is none to tell apart: such a network says values of rows.
pub(crate) fn shown(input: [i64; 3], classes: i64) -> String {
    match (input, classes) {
        ([1, 1, features], 1) => format!("rows of {features} numbers"),
        _ => format!("images of shape {input:?} in {classes} classes"),
    }
}
