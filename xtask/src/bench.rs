//! `bench`: how long things take, beside PyTorch, piece by piece, and as the problem grows; and attacks beside others'.

mod agreement;
mod crosscheck;
mod peer;
mod pieces;
mod process;
pub(crate) mod python;
mod scaling;
mod sides;
mod smoke;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::repository::Repository;
use crate::setup::LibTorch;

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
    Pieces(pieces::Options),
    Smoke(smoke::Options),
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    match &options.what {
        What::Peer(options) => peer::run(repository, options),
        What::Crosscheck(options) => crosscheck::run(repository, options),
        What::Scaling(options) => scaling::run(repository, options),
        What::Pieces(options) => pieces::run(repository, options),
        What::Smoke(options) => smoke::run(repository, options),
    }
}

/// Everything that is timed, once and small, without PyTorch.
pub(crate) fn smoke(repository: &Repository, libtorch: &LibTorch) -> Result<()> {
    smoke::all(repository, libtorch, None)
}

/// The folder of records and figures, made if it is not there.
fn records(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.results().join(RECORDS);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The processor, as the operating system names it.
pub(crate) fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    model
        .and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".into(), |(_, name)| name.trim().into())
}
