//! The engine as the flags set it up, and what it tells the user.

use crate::{
    args::Machine,
    console::{print, say},
    interrupt,
    progress::Display,
    ways_out,
};
use anyhow::{Context, Result};
use bal::{Checked, Cut, Note, Observer, Progress, Session, Work};
use bal_cluster::{Cluster, Place};
use bal_files::News;
use std::sync::{Arc, Once};

/// A session on the device, threads and data of the flags, which reports to the user.
pub(crate) fn session(machine: &Machine) -> Result<Session> {
    let Machine { threads, data, .. } = machine;
    // Before there are other threads: it may change the environment.
    let device = machine.opened()?;
    let session = threads.map_or_else(Session::new, |threads| Session::with_threads(threads.into()));
    let session = session.context("--threads")?.on(device).with_data(data.as_deref());
    let session = if machine.whole_batches { session.cut(Cut::Whole) } else { session };
    Ok(session.observed_by(Arc::new(Console)))
}

/// The same together with the other ranks, where the environment speaks of some. Called before anything that takes long.
pub(crate) fn session_among(machine: &Machine) -> Result<Session> {
    let session = session(machine)?;
    let Some(cluster) = Cluster::from_environment()? else { return Ok(session) };
    let cluster = Arc::new(cluster);
    interrupt::hurries(&cluster);
    let session = session.among(cluster);
    // One of them speaks for all.
    Ok(if session.is_first() { session } else { session.observed_by(Arc::new(Beside)) })
}

/// Which rank this process is, where the environment speaks of several.
pub(crate) fn place() -> Result<Option<Place>> {
    Ok(Place::from_environment()?)
}

/// Says nothing, but hears the user.
#[derive(Clone, Copy, Debug)]
struct Beside;

impl Observer for Beside {
    fn training_begins(&self) -> Result<()> {
        interrupt::watch()
    }

    fn is_to_end(&self) -> bool {
        interrupt::asked()
    }
}

/// Tells the user what the library has to say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console;

impl Observer for Console {
    fn note(&self, note: &Note) {
        say(&note.line(ways_out::of));
    }

    fn begin(&self, work: &Work<'_>) -> Box<dyn Progress> {
        Box::new(Display::new(work.title, work.unit, work.total, work.done))
    }

    fn training_begins(&self) -> Result<()> {
        interrupt::watch()
    }

    fn is_to_end(&self) -> bool {
        interrupt::asked()
    }

    fn checked(&self, checked: &Checked) {
        let Checked { images, norm, radius, findings } = checked;
        let result =
            if findings.is_empty() { "nothing suspicious" } else { "look at this before the numbers" };
        print(&format!("checks on {images} images, at {norm} radius {radius}: {result}"));
        for finding in findings {
            print(&format!("  {finding}"));
        }
    }

    fn locks(&self, news: &News<'_>) {
        static NO_LOCKS: Once = Once::new();
        match news {
            News::Waiting { .. } => say(&news.to_string()),
            News::NoLocks { .. } => NO_LOCKS.call_once(|| say(&news.to_string())),
        }
    }
}
