//! `test`: every test, and the comparison with published weights where they are at hand.

use std::env;
use std::path::Path;

use anyhow::Result;

use crate::bench;
use crate::browser;
use crate::cargo::{cargo_with, run as run_command};
use crate::repository::Repository;
use crate::setup::{self, LibTorch};
use crate::stage::stage;
use crate::verify_reference;

/// Names a folder of published weights.
pub(crate) const REFERENCE: &str = "BAL_REFERENCE";

/// The verb.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    tests(repository, libtorch)
}

/// The verb without its set-up.
pub(crate) fn tests(repository: &Repository, libtorch: LibTorch) -> Result<()> {
    // Before the long work: a test that opens a page fails without.
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
    let Some(folder) = env::var_os(REFERENCE).filter(|value| !value.is_empty()) else {
        eprintln!(
            "==> verify-reference: not run; set {REFERENCE} to a folder of published weights with recomputed.json"
        );
        return Ok(());
    };
    stage("verify-reference", || verify_reference::verify(repository, libtorch, Path::new(&folder)))
}
