//! `bench smoke`: whether everything that is timed works.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::{peer, pieces};
use crate::repository::Repository;
use crate::setup::{self, LibTorch};
use crate::stage::stage;

/// Run everything that is timed once, at sizes of seconds: for what it does, not for its time
#[derive(Args)]
pub(crate) struct Options {
    /// A Python that has PyTorch, numpy and safetensors: the peer is run too, and its gradients compared with ours
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    all(repository, &libtorch, options.python.as_deref())
}

/// The verb without its set-up.
pub(crate) fn all(repository: &Repository, libtorch: &LibTorch, python: Option<&Path>) -> Result<()> {
    stage("pieces", || pieces::smoke(repository, libtorch))?;
    stage("measures", || peer::smoke(repository, libtorch, python))
}
