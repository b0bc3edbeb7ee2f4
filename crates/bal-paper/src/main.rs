//! The paper that is reproduced: its runs, from training to drawing, and what is compared with PyTorch.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its user")]
#![allow(clippy::doc_markdown, reason = "comments on options are the help text, where names stand bare")]

mod bench;
mod crosscheck;
mod figures;
mod peer;
mod published;
mod radii;
mod reproduce;
mod scaling;
mod spread;
mod studies;
mod tables;
mod tuning;
mod verify_reference;

use std::process::ExitCode;

use anyhow::Result;
use bal_chores::Repository;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The paper, reproduced")]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Reproduce(reproduce::Options),
    /// Draw all figures and tables again from the records in results/
    Figures,
    Bench(bench::Options),
    VerifyReference(verify_reference::Options),
}

fn main() -> ExitCode {
    bal_chores::told(run(Command::parse().verb))
}

fn run(verb: Verb) -> Result<()> {
    let repository = Repository::find()?;
    match verb {
        Verb::Reproduce(options) => reproduce::run(&repository, &options),
        Verb::Figures => figures::run(&repository),
        Verb::Bench(options) => bench::run(&repository, &options),
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
