//! Whether runs, files and readers survive what happens to them, many times over.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program talks to its user")]
#![allow(clippy::doc_markdown, reason = "comments on options are the help text, where names stand bare")]

mod attempt;
mod chance;
mod disk;
mod experiments;
mod fuzz;
mod ground;
mod jobs;
mod kills;
mod leaves;
mod mount;
mod pairs;
mod ranks;
mod report;
mod threads;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use bal_chores::{Bal, Repository, stage};
use clap::{Parser, ValueEnum};

use disk::Depth;
use ground::Ground;
use jobs::Job;
use pairs::Pair;
use report::Part;

/// Disturb commands and files for hours: kills, second writers, full disks, broken input, other numbers of threads, ranks
///
/// Runs are small and on images made here; their final files have to be those of an undisturbed run, byte for byte.
/// Room on disks is taken on a file system in memory, which takes root to mount; fuzzing fetches and compiles
/// cargo-fuzz, once, into target/soak/. What was tried and what fell is printed as tables.
#[derive(Parser)]
#[command(name = "cargo xtask soak", bin_name = "cargo xtask soak")]
struct Options {
    /// Only these parts
    #[arg(value_name = "PART", value_enum)]
    parts: Vec<PartName>,
    /// Kills in all
    #[arg(long, value_name = "N", default_value_t = 1000)]
    kills: u64,
    /// Kills of one rank of several, in all
    #[arg(long, value_name = "N", default_value_t = 60)]
    rank_kills: u64,
    /// Pairs of writers in all
    #[arg(long, value_name = "N", default_value_t = 100)]
    pairs: u64,
    /// Seconds of fuzzing for each reader
    #[arg(long, value_name = "N", default_value_t = 300)]
    seconds: u64,
    /// Fuzz only these readers
    #[arg(long, value_name = "READER", num_args = 1..)]
    readers: Vec<String>,
    /// The seed of all moments and choices
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The short form that `cargo xtask test` runs, and nothing else
    #[arg(long)]
    short: bool,
    /// Write the records into results/soak/, and the tables into docs/reliability.md
    #[arg(long)]
    record: bool,
    /// Only write the tables of docs/reliability.md from the records
    #[arg(long)]
    page: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PartName {
    Kills,
    Pairs,
    Disk,
    Fuzz,
    Threads,
    Ranks,
}

fn main() -> ExitCode {
    let options = Options::parse();
    bal_chores::told(Repository::find().and_then(|repository| run(&repository, &options)))
}

fn run(repository: &Repository, options: &Options) -> Result<()> {
    if options.short {
        return short(repository);
    }
    if options.page {
        return report::page(repository).map(drop);
    }
    let bal = Bal::beside(repository)?;
    let ground = stage("ground", || Ground::new(repository, &bal))?;
    let seed = options.seed;
    let mut fallen = 0;
    for part in PartName::value_variants() {
        if !options.parts.is_empty() && !options.parts.contains(part) {
            continue;
        }
        let part = match part {
            PartName::Kills => stage("kills", || kills::run(&ground, &Job::resumable(), options.kills, seed)),
            PartName::Pairs => stage("pairs", || pairs::run(&ground, &Pair::all(), options.pairs, seed)),
            PartName::Disk => stage("disk", || disk::run(&ground, &Job::writing(), Depth::Full, seed)),
            PartName::Fuzz => {
                let readers = &options.readers;
                stage("fuzz", || fuzz::run(repository, readers, options.seconds, seed))
            }
            PartName::Threads => {
                stage("threads", || threads::run(&ground, &Job::threaded(), &[1, 2, 3, 5], seed))
            }
            PartName::Ranks => {
                stage("ranks", || ranks::run(&ground, &Job::shared(), options.rank_kills, seed))
            }
        }?;
        println!("{}\n", part.table());
        if options.record {
            part.keep(repository)?;
        }
        fallen += part.faults.len();
    }
    ensure!(fallen == 0, "{fallen} faults; each is told above");
    Ok(())
}

/// A little of every part but fuzzing, whose inputs the tests of bal read again: for what it does, in seconds.
fn short(repository: &Repository) -> Result<()> {
    let bal = Bal::beside(repository)?;
    let ground = Ground::new(repository, &bal)?;
    let jobs = Job::few();
    let parts: [(&str, &dyn Fn() -> Result<Part>); 5] = [
        ("kills", &|| kills::run(&ground, &jobs, 9, 1)),
        ("pairs", &|| pairs::run(&ground, &Pair::few(), 3, 1)),
        ("disk", &|| disk::run(&ground, &jobs[1..], Depth::Short, 1)),
        ("threads", &|| threads::run(&ground, &jobs, &[1, 3], 1)),
        ("ranks", &|| ranks::run(&ground, &jobs[1..], 2, 1)),
    ];
    for (name, part) in parts {
        let part = stage(name, part)?;
        ensure!(part.faults.is_empty(), "{} faults; each is told above", part.faults.len());
    }
    Ok(())
}
