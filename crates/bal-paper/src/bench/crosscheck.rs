//! `bench crosscheck`: our attacks beside those of torchattacks and foolbox.

mod comparison;
mod kept;
mod on_record;
mod ours;
mod plan;
mod theirs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::crosscheck::Crosscheck;
use crate::tables as table;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use self::comparison::Comparison;
use self::kept::{BUSY, Kept};
use self::on_record::OnRecord;
use self::ours::Command;
use super::python;
use super::sides::cores;
use crate::figures;
use bal_chores::Bal;
use bal_chores::Repository;
use bal_chores::processor;
use bal_chores::reference;
use bal_chores::stage;

/// Run our attacks and those of torchattacks and foolbox on the same networks and images, one after the other
///
/// Compares images, distances or robust accuracies, and times. The networks are runs in results/, and with BAL_REFERENCE
/// set to their folder the published weights. The Python libraries are installed into target/, unless --python has them:
/// several GB. Finished cells go on record one by one, and pieces of them are kept: interrupted, the same command goes on.
#[derive(Args)]
pub(crate) struct Options {
    /// The first so many test images
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    images: u64,
    /// Seeds of either side, 0 and on, for attacks that begin at random: accuracies are compared as means over them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=10))]
    seeds: u64,
    /// Only this attack, and only on this model
    #[arg(long, value_name = "NAME", num_args = 1..=2, value_names = ["ATTACK", "MODEL"])]
    only: Vec<String>,
    /// A Python that has what bench/pytorch/requirements.txt names
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Where the pieces are kept: copied to another machine with such a processor, they count there
    /// [default: target/crosscheck]
    #[arg(long, value_name = "FOLDER")]
    kept: Option<PathBuf>,
    /// Threads of either side [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
}

/// Images from which on a comparison is put on record.
const ENOUGH: u64 = 1000;

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let load = load();
    warn_of(load);
    let published = reference::folder()?;
    if published.is_none() {
        eprintln!("{} names no folder of published weights: they are left out", reference::VARIABLE);
    }
    let models = plan::models(repository, published.as_deref())?;
    let cells = plan::cells(&models, &options.only)?;
    let python = match &options.python {
        Some(python) => python.clone(),
        None => stage("PyTorch", || python::ensure(repository))?,
    };
    let bal = Bal::beside(repository)?;
    let threads = options.threads.unwrap_or_else(cores);
    let mut other = theirs::start(repository, &python, threads)?;
    let versions: BTreeMap<String, String> =
        serde_json::from_value(other.ask(&json!({"do": "versions"}))?).context("Python told no versions")?;

    let mut record = Crosscheck {
        cpu: processor(),
        threads,
        images: options.images,
        versions: versions.clone(),
        cells: Vec::new(),
    };
    let mut on_record =
        (options.images >= ENOUGH).then(|| OnRecord::open(repository, &record)).transpose()?;
    let kept = options.kept.clone().unwrap_or_else(|| repository.root().join("target/crosscheck"));
    let mut comparison = Comparison {
        command: Command { bal: &bal, images: options.images, threads },
        other,
        kept: Kept::at(kept, record.cpu.clone(), load)?,
        seeds: options.seeds,
        versions,
        program: kept::content(bal.executable())?,
        sources: theirs::sources(repository)?,
    };
    for (model, attack) in cells {
        let cell = comparison.cell(attack, model)?;
        if let Some(on_record) = &mut on_record {
            on_record.put(&cell)?;
            figures::crosscheck(repository)?;
        }
        record.cells.push(cell);
    }
    println!("{}", table::crosscheck(&record));
    if on_record.is_none() {
        eprintln!("{} images are too few to be put on record: {ENOUGH} are wanted", options.images);
    } else if options.only.is_empty() {
        comparison.kept.clear()?;
    }
    Ok(())
}

/// The mean number of processes that wanted a processor in the last minute.
fn load() -> Option<f64> {
    load_of(&fs::read_to_string(Path::new("/proc/loadavg")).ok()?)
}

fn load_of(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

fn warn_of(load: Option<f64>) {
    let why = match load {
        Some(load) if load > BUSY => format!("the load of this machine is {load:.2}, above {BUSY}"),
        Some(_) => return,
        None => "the load of this machine is not known".to_owned(),
    };
    eprintln!("warning: {why}: where others are at work, times mean little");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_load_is_the_first_number() {
        assert_eq!(load_of("0.52 1.10 2.00 3/400 1234\n"), Some(0.52));
        assert_eq!(load_of(""), None);
    }
}
