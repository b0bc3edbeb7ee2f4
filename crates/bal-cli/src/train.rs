//! `bal train`.

use crate::{
    args::{Machine, Train, usage},
    console::{print, say},
    experiment::{Experiment, Origin},
    interrupt::{self, Interrupted},
    last_batch,
    observer::Observer,
    run_folder::{Identity, RunFolder, Status},
    run_record::{self, Outcome},
    start,
};
use anyhow::{Result, bail};
use bal_baselines::TraceSettings;
use bal_core::{Architecture, Posterior, Task, Workers};
use bal_models::Traces;
use bal_report::metrics;

/// Trains what the flags ask for.
pub(crate) fn train(flags: &Train) -> Result<()> {
    let workers = flags.machine.workers()?;
    let (experiment, origin) = experiment(flags)?;
    let folder = RunFolder::new(
        flags
            .out
            .clone()
            .unwrap_or_else(|| format!("runs/{}-seed{}", experiment.name, experiment.seed).into()),
    );
    run(flags, &experiment, &origin, &folder, &workers)?;
    print(&format!("{}", folder.path().display()));
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

/// Trains `experiment` into `folder`.
pub(crate) fn run(
    flags: &Train,
    experiment: &Experiment,
    origin: &Origin,
    folder: &RunFolder,
    workers: &Workers,
) -> Result<()> {
    let method = experiment.method()?;
    let Some(status) = to_train(flags, folder)? else { return Ok(()) };
    let device = flags.machine.device;
    let Experiment { train_images, held_out, seed, .. } = experiment;
    let training = experiment.data(&flags.machine).training(*train_images, *held_out, *seed)?;
    method.check(training.images.len() as u64)?;
    let [architecture, trained] = experiment.architectures(training.sizes()?, device)?;
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
        folder.create(experiment, &identity, start.as_ref().map(|s| &s.posterior))?;
    } else if folder.read_identity()? != identity {
        bail!(
            "{} is a run of another experiment (its settings, seed or data differ); give another --out, or resume \
             it without --experiment and --set",
            folder.path().display()
        );
    }
    let digest = identity.digest;
    let resume = if folder.checkpoint().is_file() {
        Some(bal_models::read_checkpoint(&folder.checkpoint(), &digest)?)
    } else {
        None
    };
    let done = resume.as_ref().map_or(0, |checkpoint| checkpoint.sweep);
    if status == Status::Begun {
        metrics::truncate_after(&folder.metrics(), done)?;
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
    let mut observer = Observer::new(flags, experiment, folder, &digest, planned, done)?;
    interrupt::watch()?;
    let fitted = method.fit(&task, &mut |progress| observer.observe(progress));
    let posterior = match (fitted, observer.failure.take()) {
        (_, Some(failure)) => Err(failure),
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
    let posterior = posterior.inspect_err(|_| {
        if !folder.checkpoint().is_file() {
            folder.discard();
        }
    })?;
    bal_models::write_posterior(&folder.posterior(), &posterior)?;
    if let (Some(log_probability), Some(bal)) = (observer.traces.take(), experiment.chains()) {
        let TraceSettings { burn_in, every, .. } = bal.mixing;
        bal_models::write_traces(&folder.traces(), &Traces { log_probability, burn_in, every })?;
    }
    bal_models::write_run_images(&folder.data(), &training.identity)?;
    let outcome = Outcome {
        training: &training,
        start: start.as_ref(),
        posterior: &posterior,
        sweeps: observer.sweep,
        planned,
        seconds: observer.seconds(),
    };
    run_record::make(flags, experiment, folder, workers, &outcome)?.write(&folder.record())?;
    folder.tidy()
}

/// The state of the folder, if there is something to train in it.
///
/// # Errors
/// When another run is there, and this one is not to go on.
fn to_train(flags: &Train, folder: &RunFolder) -> Result<Option<Status>> {
    let status = folder.status()?;
    match status {
        Status::Absent => {}
        Status::Finished if flags.resume => {
            say(&format!("{} is finished already", folder.path().display()));
            return Ok(None);
        }
        Status::Begun if flags.resume => {}
        Status::Begun | Status::Finished => {
            let path = folder.path().display();
            return Err(usage(format!(
                "{path} exists; give another --out, or --resume to continue the run there"
            )));
        }
    }
    Ok(Some(status))
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
