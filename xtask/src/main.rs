//! The project's chores: set-up, downloads, reproduction, checks.
//!
//! One file per verb. None of them links LibTorch, so this program compiles before LibTorch is there and can
//! fetch it; everything that needs LibTorch runs as a program of its own.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its user")]
#![allow(clippy::doc_markdown, reason = "comments on options are the help text, where names stand bare")]

#[cfg(not(unix))]
compile_error!("cargo xtask runs on Linux and macOS; elsewhere set LIBTORCH yourself and use cargo directly");

mod bal;
mod bench;
mod browser;
mod cargo;
mod check_python;
mod ci;
mod download;
mod figures;
#[cfg(test)]
mod packages;
mod program;
mod radii;
mod reference;
mod repository;
mod reproduce;
mod setup;
mod size;
mod soak;
mod stage;
mod test;
mod verify_reference;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::repository::Repository;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's chores")]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Setup(setup::Options),
    Download(download::Options),
    Reproduce(reproduce::Options),
    Bench(bench::Options),
    Soak(soak::Options),
    CheckPython(check_python::Options),
    /// Draw all figures and tables again from the records in results/
    Figures,
    /// Run every test, after whatever set-up they need
    ///
    /// With BAL_REFERENCE set to a folder of published weights, `verify-reference` on it is the last test.
    Test,
    /// Check everything that is checked before a change is accepted: fmt, clippy, doc, test, deny
    Ci,
    VerifyReference(verify_reference::Options),
}

fn main() -> ExitCode {
    match run(Command::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(verb: Verb) -> Result<()> {
    let repository = Repository::find()?;
    match verb {
        Verb::Setup(options) => setup::run(&repository, &options),
        Verb::Download(options) => download::run(&repository, &options),
        Verb::Reproduce(options) => reproduce::run(&repository, &options),
        Verb::Bench(options) => bench::run(&repository, &options),
        Verb::Soak(options) => soak::run(&repository, &options),
        Verb::CheckPython(options) => check_python::run(&repository, &options),
        Verb::Figures => figures::run(&repository),
        Verb::Test => test::run(&repository),
        Verb::Ci => ci::run(&repository),
        Verb::VerifyReference(options) => verify_reference::run(&repository, &options),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Command;

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
    }
}
