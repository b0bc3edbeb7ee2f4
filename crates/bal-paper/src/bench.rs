//! `bench`: how long things take beside PyTorch and as the problem grows, and attacks beside others'.

mod agreement;
mod crosscheck;
mod peer;
mod process;
mod scaling;
mod sides;

use std::path::PathBuf;

use anyhow::{Context, Result};
use bal_chores::Repository;
use clap::{Args, Subcommand};

/// Records and figures in `results/`.
const RECORDS: &str = "performance";

/// Time what is computed here, beside PyTorch and by itself
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Peer(peer::Options),
    Crosscheck(crosscheck::Options),
    Scaling(scaling::Options),
    Smoke(peer::SmokeOptions),
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    match &options.what {
        What::Peer(options) => peer::run(repository, options),
        What::Crosscheck(options) => crosscheck::run(repository, options),
        What::Scaling(options) => scaling::run(repository, options),
        What::Smoke(options) => peer::smoke(repository, options),
    }
}

/// The folder of records and figures, made if it is not there.
fn records(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.results().join(RECORDS);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}
