//! `bal train`.

use crate::{
    args::{Machine, Train, usage},
    dataset::{self, Training},
    experiment::{Experiment, Origin},
    progress::{Display, print, say},
    run_folder::{RunFolder, Status},
    start::{self, Start},
    units::units,
    versions::versions,
};
use anyhow::{Context, Result, bail};
use bal_core::{Metrics, Posterior, Progress, Task, Workers};
use bal_models::Ensemble;
use bal_report::{Diagnostics, MetricLine, MetricsWriter, Record, Summary, metrics, record};
use std::{collections::BTreeMap, ops::ControlFlow, path::Path, time::Instant};

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
    Ok((experiment, origin))
}

/// The digest of `experiment`, started from weights with digest `start`.
pub(crate) fn digest(experiment: &Experiment, start: &str, machine: &Machine) -> Result<String> {
    let set = dataset::digests(&experiment.dataset, machine.data.as_deref())?;
    experiment.digest(start, set.iter())
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
    let architecture = bal_models::architecture(&experiment.architecture)?;
    let status = folder.status()?;
    match status {
        Status::Absent => {}
        Status::Finished if flags.resume => {
            say(&format!("{} is finished already", folder.path().display()));
            return Ok(());
        }
        Status::Begun if flags.resume => {}
        Status::Begun | Status::Finished => {
            let path = folder.path().display();
            return Err(usage(format!(
                "{path} exists; give another --out, or --resume to continue the run there"
            )));
        }
    }
    let device = flags.machine.device;
    let Experiment { dataset, train_images, held_out, seed, .. } = experiment;
    let data = flags.machine.data.as_deref();
    let training = dataset::training(dataset, data, *train_images, *held_out, *seed, device)?;
    let shape = training.images.shape();
    if shape != architecture.input() {
        bail!(
            "{} takes images of shape {:?}, {dataset} has {shape:?}",
            architecture.name(),
            architecture.input()
        );
    }
    let start = match status {
        Status::Begun => start::kept(folder)?,
        _ => start::resolve(flags, experiment, origin, workers)?,
    };
    let from = start.as_ref().map_or("", |start| start.digest.as_str());
    let digest = experiment.digest(from, training.digests.iter())?;
    if status == Status::Absent {
        folder.create(experiment, start.as_ref().map(|s| &s.posterior))?;
    }
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
        architecture,
        images: &training.images,
        held_out: &training.held_out,
        start: start.as_ref().map(|s| s.posterior.members[0].duplicate()),
        seed: *seed,
        workers,
        resume,
    };
    let planned = method.sweeps(training.images.len() as u64);
    let mut observer = Observer::new(flags, experiment, folder, &digest, planned, done)?;
    let fitted = method.fit(&task, &mut |progress| observer.observe(progress));
    let posterior = match (fitted, observer.failure.take()) {
        (_, Some(failure)) => Err(failure),
        (Err(error), None) => Err(error.into()),
        (Ok(posterior), None) => Ok(posterior),
    };
    observer.display.finish();
    let posterior = posterior.inspect_err(|_| {
        if !folder.checkpoint().is_file() {
            folder.discard();
        }
    })?;
    bal_models::write_posterior(&folder.posterior(), &posterior)?;
    let outcome =
        Outcome { sweeps: observer.sweep, planned, seconds: observer.seconds(), threads: workers.threads() };
    let record =
        make_record(flags, experiment, folder, &training, start.as_ref(), &posterior, workers, &outcome)?;
    record.write(&folder.record())?;
    folder.tidy()
}

/// Follows a run: metrics, checkpoints, the display, and its early end.
struct Observer<'a> {
    experiment: &'a Experiment,
    folder: &'a RunFolder,
    digest: &'a str,
    last_sweep: u64,
    metrics: MetricsWriter,
    display: Display,
    begun: Instant,
    seconds_before: f64,
    sweep: u64,
    failure: Option<anyhow::Error>,
}

impl<'a> Observer<'a> {
    fn new(
        flags: &Train,
        experiment: &'a Experiment,
        folder: &'a RunFolder,
        digest: &'a str,
        planned: u64,
        done: u64,
    ) -> Result<Self> {
        let before = if folder.metrics().is_file() { metrics::read(&folder.metrics())? } else { vec![] };
        Ok(Self {
            experiment,
            folder,
            digest,
            last_sweep: flags.max_sweeps.unwrap_or(planned).min(planned),
            metrics: MetricsWriter::append(&folder.metrics())?,
            display: Display::new(&experiment.name, "batches", planned, done),
            begun: Instant::now(),
            seconds_before: before.last().map_or(0.0, |line| line.seconds),
            sweep: done,
            failure: None,
        })
    }

    fn seconds(&self) -> f64 {
        self.seconds_before + self.begun.elapsed().as_secs_f64()
    }

    fn observe(&mut self, progress: &Progress) -> ControlFlow<()> {
        self.sweep = progress.sweep;
        self.display.show(progress.sweep, &describe(&progress.metrics));
        if let Err(error) = self.keep(progress) {
            self.failure = Some(error);
            return ControlFlow::Break(());
        }
        if progress.sweep >= self.last_sweep { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn keep(&mut self, progress: &Progress) -> Result<()> {
        let Metrics { loss, linf, l2, data_energy, parameter_energy } = progress.metrics;
        self.metrics.write(&MetricLine {
            sweep: progress.sweep,
            epoch: progress.epoch,
            seconds: self.seconds(),
            loss,
            linf,
            l2,
            data_energy,
            parameter_energy,
            accuracy: None,
        })?;
        if progress.sweep.is_multiple_of(self.experiment.checkpoint_every) && progress.sweep < progress.sweeps
        {
            self.metrics.sync()?;
            bal_models::write_checkpoint(&self.folder.checkpoint(), self.digest, &(progress.checkpoint)())?;
        }
        Ok(())
    }
}

fn describe(metrics: &Metrics) -> String {
    let mut text = format!("loss {:.4}", metrics.loss);
    if let Some(energy) = metrics.data_energy {
        text += &format!("  data energy {energy:.3}");
    }
    if let (Some(linf), Some(l2)) = (metrics.linf, metrics.l2) {
        text += &format!("  Linf {linf:.3}  L2 {l2:.2}");
    }
    text
}

/// How a run went.
struct Outcome {
    sweeps: u64,
    planned: u64,
    seconds: f64,
    threads: usize,
}

#[expect(clippy::too_many_arguments, reason = "a record is made of everything that a run has")]
fn make_record(
    flags: &Train,
    experiment: &Experiment,
    folder: &RunFolder,
    training: &Training,
    start: Option<&Start>,
    posterior: &Posterior,
    workers: &Workers,
    outcome: &Outcome,
) -> Result<Record> {
    let method = experiment.method()?;
    let model = Ensemble::new(posterior, flags.machine.device)?;
    let images = training.images.len() as u64;
    let batches = images.div_ceil(experiment.epochs().batch_size as u64);
    Ok(Record {
        format: record::FORMAT,
        name: experiment.name.clone(),
        method: method.name().into(),
        preset: experiment.preset.clone(),
        quick: flags.quick,
        seed: experiment.seed,
        experiment: serde_json::to_value(experiment)?,
        versions: versions(),
        dataset: bal_report::Dataset {
            name: experiment.dataset.clone(),
            files: training.digests.clone(),
            train_images: images,
            test_images: training.test_images,
        },
        start: start.map(|s| bal_report::Start { name: s.name.clone(), digest: s.digest.clone() }),
        epochs: outcome.sweeps as f64 / batches as f64,
        sweeps: outcome.sweeps,
        sweeps_planned: outcome.planned,
        stopped_early: outcome.sweeps < outcome.planned,
        threads: outcome.threads,
        wall_seconds: outcome.seconds,
        units: units(experiment),
        curves: curves(&folder.metrics())?,
        diagnostics: posterior.mixing.as_ref().map(|mixing| Diagnostics {
            chains: mixing.chains as u64,
            draws: mixing.draws as u64,
            r_hat: Summary::of(&mixing.r_hat),
            ess: Summary::of(&mixing.effective_sample_size),
        }),
        held_out: bal_baselines::accuracy(&model, &training.held_out, workers)?,
    })
}

/// At most this many points per curve: a figure shows no more.
const POINTS: usize = 200;

/// The metrics of a run as curves over sweeps, each point the mean of the sweeps that it stands for.
fn curves(path: &Path) -> Result<BTreeMap<String, Vec<(u64, f64)>>> {
    let lines = metrics::read(path).context("the run's metrics cannot be read back")?;
    type Column = (&'static str, fn(&MetricLine) -> Option<f64>);
    let columns: [Column; 5] = [
        ("loss", |l| Some(l.loss)),
        ("linf", |l| l.linf),
        ("l2", |l| l.l2),
        ("data_energy", |l| l.data_energy),
        ("parameter_energy", |l| l.parameter_energy),
    ];
    let mut curves = BTreeMap::new();
    for (name, of) in columns {
        let points: Vec<(u64, f64)> = lines.iter().filter_map(|l| Some((l.sweep, of(l)?))).collect();
        let group = points.len().div_ceil(POINTS).max(1);
        let mean = |part: &[(u64, f64)]| {
            let value = part.iter().map(|p| p.1).sum::<f64>() / part.len() as f64;
            part.last().map(|last| (last.0, value))
        };
        if !points.is_empty() {
            curves.insert(name.to_string(), points.chunks(group).filter_map(mean).collect());
        }
    }
    Ok(curves)
}
