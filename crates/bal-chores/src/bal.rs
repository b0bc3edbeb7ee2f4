//! The program `bal`, as it lies beside the program that runs it.

use crate::{Repository, output, run};
use anyhow::{Context, Result, ensure};
use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The built program.
#[derive(Debug)]
pub struct Bal<'a> {
    executable: PathBuf,
    repository: &'a Repository,
}

impl<'a> Bal<'a> {
    /// `bal` beside this program, where `cargo xtask` builds both.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn beside(repository: &'a Repository) -> Result<Self> {
        Ok(Self { executable: beside("bal")?, repository })
    }

    /// Its path.
    #[must_use]
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// Runs `bal` with `arguments` in the root of the checkout.
    ///
    /// # Errors
    /// When it fails.
    pub fn run(&self, arguments: &[String]) -> Result<()> {
        run(self.command().args(arguments))
    }

    /// The same without what it prints as its result, for those who read the file that it writes.
    ///
    /// # Errors
    /// When it fails.
    pub fn run_quietly(&self, arguments: &[String]) -> Result<()> {
        output(self.command().args(arguments)).map(drop)
    }

    /// `bal`, to be run in the root of the checkout unless told otherwise.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command.current_dir(self.repository.root());
        command
    }
}

/// A program of the project that lies in the folder of this one.
///
/// # Errors
/// Where it is not there.
pub fn beside(name: &str) -> Result<PathBuf> {
    let own = env::current_exe().context("this program does not know where it is")?;
    let path = own.with_file_name(format!("{name}{}", env::consts::EXE_SUFFIX));
    ensure!(path.is_file(), "{} is missing: `cargo xtask` builds it", path.display());
    Ok(path)
}
