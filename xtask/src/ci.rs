//! `ci`: all checks, the cheapest first.

use std::process::Stdio;

use anyhow::Result;

use crate::cargo::{cargo, cargo_with};
use crate::setup;
use crate::test;
use bal_chores::Repository;
use bal_chores::run as run_command;
use bal_chores::stage;

/// The verb.
///
/// All of it in release: then the build script of torch-sys, which takes minutes, runs once for all.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    stage("fmt", || run_command(cargo(repository).args(["fmt", "--all", "--", "--check"])))?;
    deny(repository)?;
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    stage("clippy", || {
        run_command(cargo_with(repository, &libtorch)?.args([
            "clippy",
            "--workspace",
            "--all-targets",
            "--release",
            "--",
            "-D",
            "warnings",
        ]))
    })?;
    stage("doc", || {
        run_command(
            cargo_with(repository, &libtorch)?
                .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--release"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    })?;
    test::tests(repository, &libtorch)
}

/// Licences, advisories and sources of all dependencies, where cargo-deny is installed.
fn deny(repository: &Repository) -> Result<()> {
    let version =
        cargo(repository).args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if version.is_ok_and(|status| status.success()) {
        return stage("deny", || run_command(cargo(repository).args(["deny", "--workspace", "check"])));
    }
    eprintln!("==> deny: not run, since cargo-deny is not installed; the GitHub workflow always runs it");
    Ok(())
}
