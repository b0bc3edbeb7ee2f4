//! `bal train`.

use crate::{
    args::{Machine, Train, usage},
    console::{print, say},
    experiment::{Experiment, Origin},
    interrupt::{self, Interrupted},
    last_batch,
    observer::Observer,
    run_folder::{Claim, Identity, RunFolder, Status},
    run_record::{self, Outcome},
    start,
};
use anyhow::{Context, Result, bail};
use bal_baselines::TraceSettings;
use bal_core::{Architecture, Checkpoint, Posterior, Task, TrainError, Workers};
use bal_models::{RunImages, Traces};
use bal_report::{Record, metrics};
use std::path::Path;
use tch::Tensor;

/// Trains what the flags ask for.
pub(crate) fn train(flags: &Train) -> Result<()> {
    let workers = flags.machine.workers()?;
    let named = flags.out.as_ref().map(RunFolder::new);
    // Before images are looked at, which may take long.
    let early = named.as_ref().map(|folder| claim(flags, folder)).transpose()?;
    let (experiment, origin) = experiment(flags)?;
    let usual = || RunFolder::new(format!("runs/{}-seed{}", experiment.name, experiment.seed));
    let folder = named.clone().unwrap_or_else(usual);
    let claim = match early {
        Some(claim) => claim,
        None => claim(flags, &folder)?,
    };
    match claim {
        Some(claim) => run(flags, &experiment, &origin, claim, &workers)?,
        None => finished(&experiment, &folder)?,
    }
    print(&format!("{}", folder.path().display()));
    Ok(())
}

/// Says that the run in `folder` is finished.
///
/// # Errors
/// When it is a run of another experiment.
fn finished(experiment: &Experiment, folder: &RunFolder) -> Result<()> {
    let path = folder.path().display();
    let record = Record::read(&folder.record())?;
    let context = || format!("{} holds no experiment of this version", folder.record().display());
    let recorded: Experiment = serde_json::from_value(record.experiment).with_context(context)?;
    if !experiment.is_like(&recorded)? {
        bail!(
            "{path} is a finished run of another experiment (its settings or seed differ); give another --out"
        );
    }
    say(&format!("{path} is finished already"));
    Ok(())
}

/// The experiment of the flags: a file, the one that a run to be resumed keeps, or the built-in one.
fn experiment(flags: &Train) -> Result<(Experiment, Origin)> {
    let kept = flags.out.as_deref().filter(|_| flags.resume).map(|out| RunFolder::new(out).experiment());
    let origin = match (&flags.experiment, kept.filter(|path| path.is_file())) {
        (Some(path), _) => Origin::File(path.clone()),
        (None, Some(path)) => Origin::File(path),
        (None, None) => Origin::BuiltIn,
    };
    let experiment = Experiment::read(&origin, Experiment::built_in(), &flags.set, flags.seed)?;
    let experiment = match flags.images.named()? {
        Some((dataset, images)) => experiment.on(&dataset, images, &flags.machine)?,
        None => experiment,
    };
    Ok((experiment, origin))
}

/// The digest of `experiment`, started from weights with digest `start`.
pub(crate) fn digest(experiment: &Experiment, start: &str, machine: &Machine) -> Result<String> {
    experiment.digest(start, experiment.data(machine).digests()?.iter())
}

/// Trains `experiment` into a folder, which has no finished run.
pub(crate) fn run(
    flags: &Train,
    experiment: &Experiment,
    origin: &Origin,
    mut claim: Claim<'_>,
    workers: &Workers,
) -> Result<()> {
    let (folder, status) = (claim.folder(), claim.status());
    let method = experiment.method()?;
    let device = flags.machine.device;
    let Experiment { train_images, held_out, seed, .. } = experiment;
    let training = experiment.data(&flags.machine).training(*train_images, *held_out, *seed)?;
    method.check(training.images.len() as u64)?;
    let sizes = training.sizes()?;
    experiment.suits(sizes)?;
    let [architecture, trained] = experiment.architectures(sizes, device)?;
    announce(&*architecture);
    if let Some(remark) = last_batch::remark(experiment, training.images.len() as u64) {
        say(&remark);
    }
    let start = match status {
        Status::Begun => start::kept(folder)?,
        _ => start::resolve(flags, experiment, origin, &architecture, workers)?,
    };
    let from = start.as_ref().map_or("", |start| start.digest.as_str());
    let digest = experiment.digest(from, training.digests.iter())?;
    let identity = Identity { digest, start: start.as_ref().map(|s| (s.name.clone(), s.digest.clone())) };
    if status == Status::Absent {
        let before = start.as_ref().map_or(vec![], |start| start.images(&training));
        let images = RunImages { start: before, ..training.identity.clone() };
        claim.begin(experiment, &identity, start.as_ref().map(|s| &s.posterior), &images)?;
    } else if folder.read_identity()? != identity {
        bail!(
            "{} is a run of another experiment (its settings, seed or data differ); give another --out, or resume \
             it without --experiment and --set",
            folder.path().display()
        );
    }
    let digest = identity.digest;
    let resume = checkpoint(folder, &digest)?;
    let done = resume.as_ref().map_or(0, |checkpoint| checkpoint.sweep);
    if status == Status::Begun {
        claim.remove_leftovers();
        metrics::truncate_after(&folder.metrics(), done).map_err(|error| goes_on(&claim, error.into()))?;
        say(&format!("{} goes on after batch {done}", folder.path().display()));
    }
    let task = Task {
        architecture: trained,
        images: &training.images,
        held_out: &training.held_out,
        start: start.as_ref().map(|s| s.posterior.members[0].duplicate()),
        seed: *seed,
        workers,
        resume,
    };
    let planned = method.sweeps(training.images.len() as u64);
    if let Some(last) = flags.max_sweeps.filter(|&last| last <= done) {
        bail!(
            "{} has done {done} batches already; --max-sweeps {last} is behind that",
            folder.path().display()
        );
    }
    let mut observer = Observer::new(flags, experiment, folder, &digest, planned, done)
        .map_err(|error| goes_on(&claim, error))?;
    interrupt::watch()?;
    let fitted = method.fit(&task, &mut |progress| observer.observe(progress));
    let posterior = match (fitted, observer.failure.take()) {
        (_, Some(failure)) => Err(goes_on(&claim, failure)),
        (Err(error @ TrainError::Checkpoint(_)), None) => {
            Err(error).with_context(|| anew(&folder.checkpoint()))
        }
        (Err(error), None) => Err(error.into()),
        // Whatever it was trained in, it is used in fp32.
        (Ok(posterior), None) => {
            Ok(Posterior { architecture, class_names: training.class_names.clone(), ..posterior })
        }
    };
    observer.display.finish();
    if observer.interrupted {
        let path = folder.path().display();
        return Err(Interrupted(format!(
            "interrupted after batch {} of {planned}; {path} holds a checkpoint: \
            `bal train --resume --out {path}` goes on there, to the same weights",
            observer.sweep
        ))
        .into());
    }
    let posterior = posterior?;
    // From here on what was trained is lost with the folder.
    claim.keep();
    let traces = observer.traces.take();
    let outcome = Outcome {
        training: &training,
        start: start.as_ref(),
        posterior: &posterior,
        sweeps: observer.sweep,
        planned,
        seconds: observer.seconds(),
    };
    write(flags, experiment, folder, workers, &outcome, traces).map_err(|error| goes_on(&claim, error))?;
    claim.tidy();
    Ok(())
}

/// Writes the results of a run, the record last.
fn write(
    flags: &Train,
    experiment: &Experiment,
    folder: &RunFolder,
    workers: &Workers,
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
    Ok(run_record::make(flags, experiment, folder, workers, outcome)?.write(&folder.record())?)
}

/// What went wrong, and that the run can go on, if it was the disk and the run stays.
fn goes_on(claim: &Claim<'_>, error: anyhow::Error) -> anyhow::Error {
    let path = claim.folder().path().display();
    if claim.is_kept() && error.chain().any(<dyn std::error::Error>::is::<std::io::Error>) {
        error.context(format!("the run has not ended; `bal train --resume --out {path}` goes on with it"))
    } else {
        error
    }
}

/// The checkpoint of the run, if it has one.
///
/// # Errors
/// When it is damaged, or of another run.
fn checkpoint(folder: &RunFolder, digest: &str) -> Result<Option<Checkpoint>> {
    let path = folder.checkpoint();
    if !path.is_file() {
        return Ok(None);
    }
    bal_models::read_checkpoint(&path, digest).with_context(|| anew(&path)).map(Some)
}

/// The way out where a checkpoint cannot be used.
fn anew(checkpoint: &Path) -> String {
    format!("cannot go on from {} (without that file, --resume begins the run anew)", checkpoint.display())
}

/// The folder, as this process's own from now on; `None` where the run there is finished.
///
/// # Errors
/// When another process writes there, or another run is there and this one is not to go on.
fn claim<'a>(flags: &Train, folder: &'a RunFolder) -> Result<Option<Claim<'a>>> {
    let status = folder.status();
    // Where nothing can be trained nothing is made, not even a lock.
    if !matches!(status, Status::Absent | Status::Begun) {
        is_to_be_trained(flags, folder, status)?;
        // A process may have been killed after it had written the record.
        if folder.checkpoint().is_file()
            && let Ok(claim) = folder.claim()
        {
            claim.tidy();
        }
        return Ok(None);
    }
    let claim = folder.claim()?;
    Ok(is_to_be_trained(flags, folder, claim.status())?.then_some(claim))
}

/// Whether something is to be trained in a folder of this status; not if its run is finished.
fn is_to_be_trained(flags: &Train, folder: &RunFolder, status: Status) -> Result<bool> {
    let path = folder.path().display();
    match status {
        Status::Absent => Ok(true),
        Status::Foreign => bail!("{path} exists and is no run folder; give another --out"),
        Status::Begun if flags.resume => Ok(true),
        Status::Finished if flags.resume => Ok(false),
        Status::WithoutWeights if flags.resume => bail!("{}", folder.without_weights()),
        Status::Begun => {
            Err(usage(format!("{path} exists; give another --out, or --resume to continue the run there")))
        }
        Status::Finished | Status::WithoutWeights => {
            Err(usage(format!("{path} exists, and its run is finished; give another --out")))
        }
    }
}

/// Says what is trained.
fn announce(network: &dyn Architecture) {
    let weights: i64 = network.parameters().iter().map(|spec| spec.shape.iter().product::<i64>()).sum();
    say(&format!(
        "{}: {weights} weights, for images of shape {:?} in {} classes",
        network.name(),
        network.input(),
        network.classes()
    ));
}
