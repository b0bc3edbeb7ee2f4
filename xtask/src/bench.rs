//! `bench`: how long things take, beside PyTorch, piece by piece, and as the problem grows.

mod agreement;
mod peer;
mod process;
mod python;
mod spread;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::repository::Repository;

/// Time what is computed here, beside PyTorch and by itself
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Peer(peer::Options),
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    match &options.what {
        What::Peer(options) => peer::run(repository, options),
    }
}
