//! Ctrl-C, and the termination signals of job schedulers.

use crate::console::say;
use anyhow::{Context, Result};
use bal_cluster::Cluster;
use std::sync::{
    Arc, OnceLock, Weak,
    atomic::{AtomicBool, Ordering},
};

/// What the program returns when the user ended it: 128 and the number of the signal that Ctrl-C sends.
pub(crate) const EXIT_CODE: u8 = 130;

/// The user ended the work; says how it goes on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Interrupted(pub(crate) String);

static ASKED: AtomicBool = AtomicBool::new(false);

/// From now on the first signal is only remembered, and the second ends the program at once.
pub(crate) fn watch() -> Result<()> {
    static WATCHED: OnceLock<()> = OnceLock::new();
    if WATCHED.get().is_none() {
        ctrlc::set_handler(remember).context("cannot watch for Ctrl-C")?;
        let _ = WATCHED.set(());
    }
    Ok(())
}

/// The other ranks, of which one may have died when a signal comes.
static RANKS: OnceLock<Weak<Cluster>> = OnceLock::new();

/// After a signal these ranks are waited for no longer than a few seconds.
pub(crate) fn hurries(ranks: &Arc<Cluster>) {
    RANKS.get_or_init(|| Arc::downgrade(ranks));
}

fn remember() {
    if let Some(ranks) = RANKS.get().and_then(Weak::upgrade) {
        ranks.hurry();
    }
    if ASKED.swap(true, Ordering::Relaxed) {
        std::process::exit(EXIT_CODE.into());
    }
    say("ending after this batch, with a checkpoint; Ctrl-C again ends at once");
}

/// Whether a signal came.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
