//! The program `bal`, built once per use and then run itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::cargo;
use crate::program;
use crate::repository::Repository;
use crate::setup::LibTorch;

/// The built program.
pub(crate) struct Bal<'a> {
    executable: PathBuf,
    repository: &'a Repository,
    libtorch: LibTorch,
}

impl<'a> Bal<'a> {
    /// Compiles what is not up to date, with the profile that tests use too, so that all share one build.
    pub(crate) fn build(repository: &'a Repository, libtorch: LibTorch) -> Result<Self> {
        let executable = program::build(repository, &libtorch, "bal-cli", "bal")?;
        Ok(Self { executable, repository, libtorch })
    }

    pub(crate) fn executable(&self) -> &Path {
        &self.executable
    }

    /// Runs `bal` with `arguments` in the root of the checkout.
    pub(crate) fn run(&self, arguments: &[String]) -> Result<()> {
        cargo::run(self.command()?.args(arguments))
    }

    /// The same without what it prints as its result, for those who read the file that it writes.
    pub(crate) fn run_quietly(&self, arguments: &[String]) -> Result<()> {
        cargo::output(self.command()?.args(arguments)).map(|_| ())
    }

    /// `bal`, to be run in the root of the checkout unless told otherwise.
    pub(crate) fn command(&self) -> Result<Command> {
        cargo::program(&self.executable, self.repository, &self.libtorch)
    }
}
