//! `bench`: how long things take, beside PyTorch, piece by piece, and as the problem grows.

mod agreement;
mod peer;
mod process;
mod python;
mod scaling;
mod spread;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::repository::Repository;

/// The networks that everything starts from: trained ones, since how many units a ReLU holds at zero matters.
const WEIGHTS: &str = "results/fig1/bal-released/posterior.safetensors";
/// Where the figures go.
const RECORDS: &str = "results/performance";

/// Time what is computed here, beside PyTorch and by itself
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Peer(peer::Options),
    Scaling(scaling::Options),
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    match &options.what {
        What::Peer(options) => peer::run(repository, options),
        What::Scaling(options) => scaling::run(repository, options),
    }
}

/// The processor, as the operating system names it.
fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    model
        .and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".into(), |(_, name)| name.trim().into())
}
