//! The project's chores: set-up, downloads, reproduction, checks.
//!
//! One file per verb. None of them links LibTorch, so this program compiles before LibTorch is there and can
//! fetch it; everything that needs LibTorch runs as a program of its own.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its user")]
#![allow(clippy::doc_markdown, reason = "comments on options are the help text, where names stand bare")]

#[cfg(not(unix))]
compile_error!("cargo xtask runs on Linux and macOS; elsewhere set LIBTORCH yourself and use cargo directly");

mod browser;
mod cargo;
mod check_python;
mod ci;
mod libtorch;
#[cfg(test)]
mod packages;
mod pieces;
mod programs;
mod setup;
mod test;
mod wheel;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::programs::Words;
use bal_chores::Repository;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's chores")]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Setup(setup::Options),
    /// Fetch data sets into datasets/: `bal download`
    Download(Words),
    /// Train, attack and draw: a figure of the paper from nothing
    Reproduce(Words),
    /// Time what is computed here: beside PyTorch, piece by piece, and as the problem grows; and attacks beside others'
    Bench {
        #[command(subcommand)]
        what: Bench,
    },
    /// Disturb commands and files for hours: kills, second writers, full disks, broken input, other numbers of threads
    Soak(Words),
    Wheel(wheel::Options),
    /// Draw all figures and tables again from the records in results/
    Figures,
    /// Run every test, after whatever set-up they need
    ///
    /// With BAL_REFERENCE set to a folder of published weights, `verify-reference` on it is the last test.
    Test,
    /// Check everything that is checked before a change is accepted: fmt, clippy, doc, test, deny
    Ci,
    /// Compare published MNIST weights, evaluated here, with the numbers that PyTorch gives on them
    VerifyReference(Words),
}

#[derive(Subcommand)]
enum Bench {
    Pieces(pieces::Options),
    /// Run the same sweep, epoch and attacks here and in PyTorch, in alternation
    Peer(Words),
    /// Run our attacks and those of torchattacks and foolbox on the same networks and images
    Crosscheck(Words),
    /// Time sweeps of 1 to 16 chains and 64 to 1024 images
    Scaling(Words),
    /// Run everything that is timed once, at sizes of seconds
    Smoke(Words),
}

fn main() -> ExitCode {
    bal_chores::told(run(Command::parse().verb))
}

fn run(verb: Verb) -> Result<()> {
    let repository = Repository::find()?;
    let paper = |verb: &[&str], words: &Words| programs::hand_over(&repository, "bal-paper", verb, words);
    match verb {
        Verb::Setup(options) => setup::run(&repository, &options),
        Verb::Download(words) => {
            let datasets = repository.datasets().display().to_string();
            programs::hand_over(&repository, "bal", &["download", "--data", &datasets], &words)
        }
        Verb::Reproduce(words) => paper(&["reproduce"], &words),
        Verb::Bench { what: Bench::Pieces(options) } => pieces::run(&repository, &options),
        Verb::Bench { what: Bench::Peer(words) } => paper(&["bench", "peer"], &words),
        Verb::Bench { what: Bench::Crosscheck(words) } => paper(&["bench", "crosscheck"], &words),
        Verb::Bench { what: Bench::Scaling(words) } => paper(&["bench", "scaling"], &words),
        Verb::Bench { what: Bench::Smoke(words) } => {
            let libtorch = setup::ensure_ready(&repository)?;
            pieces::smoke(&repository, &libtorch)?;
            paper(&["bench", "smoke"], &words)
        }
        Verb::Soak(words) => programs::hand_over(&repository, "bal-soak", &[], &words),
        Verb::Wheel(options) => wheel::run(&repository, &options),
        Verb::Figures => {
            paper(&["figures"], &Words::default())?;
            programs::hand_over(&repository, "bal-soak", &["--page"], &Words::default())
        }
        Verb::Test => test::run(&repository),
        Verb::Ci => ci::run(&repository),
        Verb::VerifyReference(words) => paper(&["verify-reference"], &words),
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
