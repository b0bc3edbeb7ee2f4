//! The project's programs that link LibTorch, or do more than set up: built together, and run.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bal_chores::{Repository, run, stage};
use clap::Args;

use crate::cargo::{cargo_with, with_libtorch};
use crate::libtorch::LibTorch;
use crate::setup;

/// What is handed over as it is, `--help` too.
#[derive(Args, Default)]
#[command(disable_help_flag = true)]
pub(crate) struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Sets LibTorch up, builds every program, and runs `program` with `verb` and these words.
pub(crate) fn hand_over(repository: &Repository, program: &str, verb: &[&str], words: &Words) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    let folder = stage("build", || build(repository, &libtorch))?;
    let mut command = Command::new(folder.join(program));
    run(with_libtorch(&mut command, &libtorch)?.args(verb).args(&words.words))
}

/// Compiles what is not up to date, with the profile that tests use too, and returns the folder of the programs.
pub(crate) fn build(repository: &Repository, libtorch: &LibTorch) -> Result<PathBuf> {
    // All packages, always: with some of them cargo would choose other features of what they share, and build it again.
    run(cargo_with(repository, libtorch)?.args(["build", "--release", "--workspace", "--bins"]))?;
    let folder = target(repository).join("release");
    ensure!(folder.is_dir(), "cargo built no programs in {}", folder.display());
    Ok(folder)
}

/// Where cargo builds.
pub(crate) fn target(repository: &Repository) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    repository.root().join(target)
}

/// Runs a program that was built, in the root of the checkout.
pub(crate) fn here(
    repository: &Repository,
    libtorch: &LibTorch,
    folder: &std::path::Path,
    words: &[&str],
) -> Result<()> {
    let (program, words) = words.split_first().context("no program was named")?;
    let mut command = Command::new(folder.join(program));
    run(with_libtorch(&mut command, libtorch)?.args(words).current_dir(repository.root()))
}
