//! `bench peer`: the same work here and in PyTorch, in alternation.

use std::path::{Path, PathBuf};

use crate::peer::{Measure, Peer};
use crate::spread::Spread;
use crate::tables as table;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::process::Process;
use super::sides::{FORMS, Sides, Size, cores};
use super::{agreement, records};
use crate::figures;
use bal_chores::Repository;
use bal_chores::processor;
use bal_chores::python;
use bal_chores::stage;

/// Run the same sweep, epoch and attacks here and in PyTorch, in alternation, and print the ratios of their times
///
/// PyTorch is timed in two forms: as everyone writes it, and tuned (channels last, pooling before ReLU, freed
/// memory kept). First all must have the same gradients, to 1e-4. PyTorch is installed into target/ by itself, unless --python has it: several GB.
#[derive(Args)]
pub(crate) struct Options {
    /// A Python that has PyTorch, numpy and safetensors
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Measurements of each side, after one that does not count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Threads of every side [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: Option<u32>,
    /// Only these measurements
    #[arg(long, value_name = "MEASURE", num_args = 1.., value_parser = NAMES)]
    only: Vec<String>,
}

/// A part of the work. The last column: with how many networks.
const MEASURES: [(&str, &str, u32); 8] = [
    ("data_step", "data step, 5 chains, 256 images", 5),
    ("parameter_step", "parameter step, 5 chains, 256 images", 5),
    ("sweep", "sweep of `released`, 5 chains, 256 images", 5),
    ("erm_epoch", "ERM epoch, 60,000 images", 1),
    ("fgsm_curve", "FGSM, 10 radii, 1,000 images, 1 network", 1),
    ("fgsm_curve", "FGSM, 10 radii, 1,000 images, 5 networks", 5),
    ("pgd", "PGD, 40 steps, 1,000 images, 1 network", 1),
    ("pgd", "PGD, 40 steps, 1,000 images, 5 networks", 5),
];
const NAMES: [&str; 6] = ["data_step", "parameter_step", "sweep", "erm_epoch", "fgsm_curve", "pgd"];

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let python = match &options.python {
        Some(python) => python.clone(),
        None => stage("PyTorch", || python::ensure(repository))?,
    };
    let build = Sides::here(repository, Size::Full)?;
    let threads = options.threads.unwrap_or_else(cores);
    let mut sides = start(&build, Some(&python), threads)?;

    let gradients = stage("gradients", || gradients(&mut sides))?;
    let mut record = Peer {
        cpu: processor(),
        torch: requirement(repository, "torch")?,
        threads,
        pairs: options.pairs,
        sides: sides.iter().map(|side| side.name().to_string()).collect(),
        gradients,
        measures: Vec::new(),
        peak: Vec::new(),
    };
    // It takes most of an hour: an interrupted run leaves what it has, outside results/, where records are whole.
    let so_far = repository.root().join("target/bench-peer.json");
    for measure in MEASURES {
        if options.only.is_empty() || options.only.iter().any(|name| name == measure.0) {
            record.measures.push(stage(measure.1, || row(&mut sides, measure, options.pairs))?);
            record.peak = peaks(&mut sides)?;
            record.write(&so_far)?;
        }
    }
    println!("{}", table::peer(&record));
    if options.only.is_empty() {
        record.write(&records(repository)?.join("peer.json"))?;
        figures::run(repository)?;
    }
    Ok(())
}

/// Our side, and PyTorch in both forms where there is a Python that has it.
fn start(build: &Sides, python: Option<&Path>, threads: u32) -> Result<Vec<Process>> {
    let mut sides = vec![build.ours(threads)?];
    if let Some(python) = python {
        for form in FORMS {
            sides.push(build.pytorch(python, form, threads)?);
        }
    }
    Ok(sides)
}

/// Run everything that is timed once, at sizes of seconds: for what it does, not for its time
#[derive(Args)]
pub(crate) struct SmokeOptions {
    /// A Python that has PyTorch, numpy and safetensors: the peer is run too, and its gradients compared with ours
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
}

/// Everything that [`run`] does, once and at sizes of seconds.
pub(super) fn smoke(repository: &Repository, options: &SmokeOptions) -> Result<()> {
    let build = Sides::here(repository, Size::Smoke)?;
    let mut sides = start(&build, options.python.as_deref(), cores())?;
    gradients(&mut sides)?;
    for measure in MEASURES {
        row(&mut sides, measure, 1).with_context(|| measure.1.to_string())?;
    }
    peaks(&mut sides)?;
    Ok(())
}

/// Has every side write its gradients, and compares ours with the others'.
fn gradients(sides: &mut [Process]) -> Result<Vec<f64>> {
    let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut files = Vec::new();
    for (number, side) in sides.iter_mut().enumerate() {
        let file = scratch.path().join(format!("{number}.safetensors"));
        side.ask(&json!({"do": "gradients", "chains": 5, "out": file}))?;
        files.push(file);
    }
    let others = sides.iter().zip(&files).skip(1);
    others
        .map(|(side, file)| {
            let difference = agreement::check(&files[0], file).with_context(|| side.name().to_string())?;
            eprintln!("{}: gradients agree to {difference:.1e}", side.name());
            Ok(difference)
        })
        .collect()
}

/// Most memory that each side had resident.
fn peaks(sides: &mut [Process]) -> Result<Vec<f64>> {
    sides.iter_mut().map(|side| side.number(&json!({"do": "peak"}), "bytes")).collect()
}

/// Times one measure, side after side, as often as `pairs` says.
fn row(sides: &mut [Process], (measure, title, chains): (&str, &str, u32), pairs: u32) -> Result<Measure> {
    let request = json!({"do": measure, "chains": chains});
    let mut all = Vec::new();
    for round in 0..=pairs {
        let seconds =
            sides.iter_mut().map(|side| side.number(&request, "seconds")).collect::<Result<Vec<_>>>()?;
        // The first round warms up.
        if round > 0 {
            all.push(seconds);
        }
    }
    let spread = |value: &dyn Fn(&[f64]) -> f64| {
        Spread::of(all.iter().map(|seconds| value(seconds))).context("nothing was timed")
    };
    Ok(Measure {
        title: title.into(),
        seconds: (0..sides.len()).map(|i| spread(&|s| s[i])).collect::<Result<_>>()?,
        ratios: (1..sides.len()).map(|i| spread(&|s| s[i] / s[0])).collect::<Result<_>>()?,
    })
}

/// The version of `package` that the peer is pinned to.
fn requirement(repository: &Repository, package: &str) -> Result<String> {
    let path = repository.root().join("bench/pytorch/requirements.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let version = |line: &'_ str| line.strip_prefix(package)?.strip_prefix("==").map(str::to_owned);
    text.lines().find_map(version).with_context(|| format!("{} does not pin {package}", path.display()))
}
