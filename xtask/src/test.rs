//! `test`: every test, and the comparison with published weights where they are at hand.

use std::path::Path;

use anyhow::Result;

use bal_chores::{Repository, python, reference, run as run_command, stage};

use crate::browser;
use crate::cargo::cargo_with;
use crate::libtorch::LibTorch;
use crate::pieces;
use crate::programs::{build, here};
use crate::setup;
use crate::wheel;

/// The verb.
pub(crate) fn run(repository: &Repository) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    tests(repository, &libtorch)
}

/// The verb without its set-up.
pub(crate) fn tests(repository: &Repository, libtorch: &LibTorch) -> Result<()> {
    // Before the long work: what is named and is not there is found now.
    let published = reference::folder()?;
    let browser = browser::find()?;
    let python = python::made(repository);
    // In release, as `bal` itself: the binding to LibTorch takes minutes to compile, and so is compiled once.
    stage("tests", || {
        run_command(cargo_with(repository, libtorch)?.args(["test", "--workspace", "--release"]))
    })?;
    match browser {
        Some(browser) => stage("pages in a browser", || pages(repository, libtorch, &browser))?,
        None => eprintln!(
            "==> pages in a browser: not run, since no Chromium or Chrome is installed (Debian: `apt-get install chromium`; \
             macOS: `brew install --cask chromium`); {} names one that is elsewhere",
            browser::VARIABLE
        ),
    }
    let programs = stage("build", || build(repository, libtorch))?;
    let run = |words: &[&str]| here(repository, libtorch, &programs, words);
    stage("bench, small", || {
        pieces::smoke(repository, libtorch)?;
        run(&["bal-paper", "bench", "smoke"])
    })?;
    stage("soak, short", || run(&["bal-soak", "--short"]))?;
    match python {
        Some(python) => wheel::tests(repository, libtorch, &python)?,
        None => {
            eprintln!("==> the Python package: not tested; after `cargo xtask wheel` it is, from then on");
        }
    }
    let Some(folder) = published else {
        eprintln!(
            "==> verify-reference: not run; set {} to a folder of published weights with recomputed.json",
            reference::VARIABLE
        );
        return Ok(());
    };
    stage("verify-reference", || {
        spatial_transformer(repository, libtorch, &folder)?;
        run(&["bal-paper", "verify-reference", &folder.display().to_string()])
    })
}

/// Opens the pages of `bal report` as a reader does.
fn pages(repository: &Repository, libtorch: &LibTorch, browser: &Path) -> Result<()> {
    let mut command = cargo_with(repository, libtorch)?;
    command.args(["test", "--workspace", "--release", "--test", "it", "--test", "cli", "--", "--ignored"]);
    run_command(command.args(["seen::", "a_browser_shows"]).env(browser::VARIABLE, browser))
}

/// Compares the spatial transformer network with PyTorch where the folder has its weights.
fn spatial_transformer(repository: &Repository, libtorch: &LibTorch, folder: &Path) -> Result<()> {
    if !folder.join("stn_fixture.safetensors").exists() {
        println!("no stn_fixture.safetensors in {}: the STN is not compared", folder.display());
        return Ok(());
    }
    // Of the whole workspace, as all tests are built: then nothing is compiled again.
    let mut command = cargo_with(repository, libtorch)?;
    command.args(["test", "--workspace", "--release", "--test", "it", "--", "--ignored", "published::"]);
    run_command(command.env(reference::VARIABLE, folder))
}
