//! `bench pieces`: the parts of a sweep and of an evaluation, by criterion.

use anyhow::Result;
use clap::Args;

use crate::cargo::cargo_with;
use crate::libtorch::LibTorch;
use crate::setup;
use bal_chores::Repository;
use bal_chores::run as run_command;
use bal_chores::stage;

/// Time the parts of a sweep and of an evaluation, each on one thread
///
/// Criterion prints them, beside those of the time before.
#[derive(Args)]
pub(crate) struct Options {
    /// Only those whose name contains this
    filter: Option<String>,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    criterion(repository, &libtorch, options.filter.as_deref())
}

/// Runs every piece once, for what it does and not for its time.
pub(crate) fn smoke(repository: &Repository, libtorch: &LibTorch) -> Result<()> {
    criterion(repository, libtorch, Some("--test"))
}

fn criterion(repository: &Repository, libtorch: &LibTorch, argument: Option<&str>) -> Result<()> {
    let mut command = cargo_with(repository, libtorch)?;
    // Of the whole workspace, as all is built: then nothing is compiled again.
    command.args(["bench", "--workspace", "--bench", "pieces", "--"]).args(argument);
    run_command(&mut command)
}
