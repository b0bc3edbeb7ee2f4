//! The part of a training that the ranks other than 0 have: they compute, and write nothing.

use crate::{
    Ending, Progress as Display, Session, TrainRequest, Trained, Work,
    experiment::Experiment,
    ranks::{self, Beginning, Opening},
    run_folder::RunFolder,
    train::begin_at,
};
use anyhow::{Context, Result};
use bal_cluster::Cluster;
use bal_core::{Classifier, Progress};
use bal_models::Ensemble;
use std::ops::ControlFlow;

/// Takes part in the training that rank 0 of `cluster` begins. The run folder is where rank 0 is.
pub(crate) fn train_beside(request: &TrainRequest, cluster: &Cluster, session: &Session) -> Result<Trained> {
    let theirs = match Opening::hear(cluster)? {
        Opening::Finished => None,
        Opening::Train(text) => Some(
            toml::from_str::<Experiment>(&text).context("rank 0 trains an experiment of another version")?,
        ),
    };
    let usual = |theirs: &Experiment| format!("runs/{}-seed{}", theirs.name, theirs.seed).into();
    let path = request.out.clone().or_else(|| theirs.as_ref().map(usual)).unwrap_or_default();
    let folder = RunFolder::new(path);
    let Some(theirs) = theirs else { return Ok(Trained { folder, ending: Ending::WasFinished }) };
    // A run that goes on is what rank 0 has in its folder.
    let experiment = if request.resume && request.experiment.names_none() {
        theirs
    } else {
        request.experiment.read(None, session)?.0
    };
    let ending = run(request, &experiment, &folder, cluster, session)?;
    Ok(Trained { folder, ending })
}

fn run(
    request: &TrainRequest,
    experiment: &Experiment,
    folder: &RunFolder,
    cluster: &Cluster,
    session: &Session,
) -> Result<Ending> {
    let (device, options) = (session.device, &request.options);
    let method = experiment.method()?;
    let training = experiment.training(session)?;
    method.check(training.images.len() as u64)?;
    let sizes = training.sizes()?;
    experiment.suits(sizes)?;
    let networks = experiment.architectures(sizes, device)?;
    ranks::agree_on_training(cluster, (request, experiment), &training.digests, session)?;
    ranks::check_method(&*method)?;
    let mut beginning = Beginning::hear(cluster, folder)?;
    let mut task = experiment.task(&networks, &training, session);
    if let Some(start) = &beginning.start {
        begin_at(&mut task.networks, start)?;
    }
    task.resume = beginning.checkpoint(folder, &|chain| task.architecture(chain).clone())?;
    let done = task.resume.as_ref().map_or(0, |checkpoint| checkpoint.sweep);
    let planned = method.sweeps(training.images.len() as u64);
    let source = |posterior| Ok(Box::new(Ensemble::new(posterior, device)?) as Box<dyn Classifier>);
    let sources = beginning.sources.iter().map(source).collect::<Result<Vec<_>>>()?;
    let method = experiment.method_with(sources)?;
    session.observer().training_begins()?;
    let mut beside = Beside {
        cluster,
        session,
        last: options.max_sweeps.unwrap_or(planned).min(planned),
        display: session.observer().begin(&Work {
            title: &experiment.name,
            unit: "batches",
            total: planned,
            done,
        }),
        interrupted: None,
        failure: None,
    };
    let fitted = method.fit(&task, &mut |progress| beside.observe(progress));
    beside.display.finish();
    if let Some(failure) = beside.failure {
        return Err(failure);
    }
    match beside.interrupted {
        Some(sweep) => Ok(Ending::Interrupted { sweep, planned }),
        None => Ok(fitted.map(|_| Ending::Finished)?),
    }
}

/// Follows a training that rank 0 keeps.
struct Beside<'a> {
    cluster: &'a Cluster,
    session: &'a Session,
    /// The batch after which the run ends.
    last: u64,
    display: Box<dyn Display>,
    /// The batch after which the user ended it.
    interrupted: Option<u64>,
    failure: Option<anyhow::Error>,
}

impl Beside<'_> {
    fn observe(&mut self, progress: &Progress) -> ControlFlow<()> {
        self.display.show(progress.sweep, "");
        if progress.sweep >= self.last {
            return ControlFlow::Break(());
        }
        match ranks::any(self.cluster, self.session.observer().is_to_end()) {
            Ok(false) => return ControlFlow::Continue(()),
            Ok(true) => self.interrupted = Some(progress.sweep),
            Err(error) => self.failure = Some(error),
        }
        ControlFlow::Break(())
    }
}
