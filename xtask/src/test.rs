//! `test`: every test, and the comparison with published weights where they are at hand.

use anyhow::Result;

use crate::bench;
use crate::browser;
use crate::cargo::{cargo_with, run as run_command};
use crate::reference;
use crate::repository::Repository;
use crate::setup::{self, LibTorch};
use crate::soak;
use crate::stage::stage;
use crate::verify_reference;

/// The verb.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    tests(repository, libtorch)
}

/// The verb without its set-up.
pub(crate) fn tests(repository: &Repository, libtorch: LibTorch) -> Result<()> {
    // Before the long work: the comparison comes after it, and a test that opens a page fails without.
    let published = reference::folder()?;
    let browser = stage("browser", browser::ensure_there)?;
    // In release, as `bal` itself: the binding to LibTorch takes minutes to compile, and so is compiled once.
    stage("tests", || {
        run_command(
            cargo_with(repository, &libtorch)?
                .args(["test", "--workspace", "--release"])
                .env(browser::VARIABLE, &browser),
        )
    })?;
    stage("bench, small", || bench::smoke(repository, &libtorch))?;
    stage("soak, short", || soak::short(repository, &libtorch))?;
    let Some(folder) = published else {
        eprintln!(
            "==> verify-reference: not run; set {} to a folder of published weights with recomputed.json",
            reference::VARIABLE
        );
        return Ok(());
    };
    stage("verify-reference", || verify_reference::verify(repository, libtorch, &folder))
}
