//! `bench peer`: the same work here and in PyTorch, in alternation.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::process::Process;
use super::spread::Spread;
use super::{RECORDS, WEIGHTS, agreement, processor, python};
use crate::cargo;
use crate::program;
use crate::repository::Repository;
use crate::setup;
use crate::stage::stage;

/// Run the same sweep, epoch and attacks here and in PyTorch, in alternation, and print the ratios of their times
///
/// PyTorch is timed in two forms: as everyone writes it, and tuned (channels last, pooling before ReLU). First all must
/// have the same gradients, to 1e-4. PyTorch is installed into target/ by itself, unless --python has it: several GB.
#[derive(Args)]
pub(crate) struct Options {
    /// A Python that has PyTorch, numpy and safetensors
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Measurements of each side, after one that does not count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pairs: u32,
    /// Threads of every side [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
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

/// What is written down.
#[derive(Serialize)]
struct Record {
    threads: u16,
    pairs: u32,
    cpu: String,
    torch: String,
    /// The largest difference between gradients, in units of the largest value, by side.
    gradients: Vec<(String, f64)>,
    measures: Vec<Row>,
    /// Most memory resident in each process, in bytes.
    peak: Vec<(String, f64)>,
}

#[derive(Serialize)]
struct Row {
    measure: String,
    chains: u32,
    /// Seconds, by side, ours first.
    seconds: Vec<(String, Spread)>,
    /// How many times as long as ours each other side took, measured pair by pair.
    ratios: Vec<(String, Spread)>,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    let python = match &options.python {
        Some(python) => python.clone(),
        None => stage("PyTorch", || python::ensure(repository))?,
    };
    let ours = stage("build", || program::build(repository, &libtorch, "bal-bench", "bal-peer"))?;
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u16);
    let threads = options.threads.unwrap_or(cores);
    let weights = repository.root().join(WEIGHTS);

    let mut command = cargo::program(&ours, repository, &libtorch)?;
    command.arg("--weights").arg(&weights).args(["--threads", &threads.to_string()]);
    let mut sides = vec![Process::start("bal", &mut command)?];
    for form in ["naive", "tuned"] {
        let mut command = peer(repository, &python, form, &weights, threads);
        sides.push(Process::start(&format!("PyTorch, {form}"), &mut command)?);
    }

    let gradients = stage("gradients", || gradients(&mut sides))?;
    let mut measures = Vec::new();
    for (measure, title, chains) in MEASURES {
        if options.only.is_empty() || options.only.iter().any(|name| name == measure) {
            measures.push(stage(title, || row(&mut sides, measure, chains, options.pairs))?);
        }
    }
    let peak = sides.iter_mut().map(|side| {
        let bytes = side.number(&json!({"do": "peak"}), "bytes")?;
        Ok((side.name().to_string(), bytes))
    });
    let record = Record {
        threads,
        pairs: options.pairs,
        cpu: processor(),
        torch: requirement(repository, "torch")?,
        gradients,
        measures,
        peak: peak.collect::<Result<_>>()?,
    };
    print(&record);
    if options.only.is_empty() {
        let folder = repository.root().join(RECORDS);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let path = folder.join("peer.json");
        bal_report::atomic::write(&path, (serde_json::to_string_pretty(&record)? + "\n").as_bytes())?;
        println!("{}", repository.relative(&path).display());
    }
    Ok(())
}

fn peer(repository: &Repository, python: &Path, form: &str, weights: &Path, threads: u16) -> Command {
    let mut command = Command::new(python);
    command
        .arg(repository.root().join("bench/pytorch/peer.py"))
        .args(["--form", form, "--threads", &threads.to_string()])
        .arg("--mnist")
        .arg(repository.datasets().join("mnist"))
        .arg("--weights")
        .arg(weights);
    command
}

/// Has every side write its gradients, and compares ours with the others'.
fn gradients(sides: &mut [Process]) -> Result<Vec<(String, f64)>> {
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
            Ok((side.name().to_string(), difference))
        })
        .collect()
}

/// Times one measure, side after side, as often as `pairs` says.
fn row(sides: &mut [Process], measure: &str, chains: u32, pairs: u32) -> Result<Row> {
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
    let names = || sides.iter().map(|side| side.name().to_string()).enumerate();
    Ok(Row {
        measure: measure.into(),
        chains,
        seconds: names().map(|(i, name)| (name, Spread::of(all.iter().map(|s| s[i])))).collect(),
        ratios: names()
            .skip(1)
            .map(|(i, name)| (name, Spread::of(all.iter().map(|s| s[i] / s[0]))))
            .collect(),
    })
}

fn print(record: &Record) {
    println!(
        "{:<16} {:>6}  {:>12}   times as long as ours: median [least, most]",
        "measure", "chains", "ours, s"
    );
    for row in &record.measures {
        let ours = row.seconds.first().map_or(f64::NAN, |(_, spread)| spread.median);
        let ratios = row
            .ratios
            .iter()
            .map(|(name, r)| format!("{name} {:.2} [{:.2}, {:.2}]", r.median, r.least, r.most));
        let ratios = ratios.collect::<Vec<_>>().join("   ");
        println!("{:<16} {:>6}  {ours:>12.4}   {ratios}", row.measure, row.chains);
    }
    for (name, bytes) in &record.peak {
        println!("peak memory, {name}: {:.0} MB", bytes / 1e6);
    }
}

/// The version of `package` that the peer is pinned to.
fn requirement(repository: &Repository, package: &str) -> Result<String> {
    let path = repository.root().join("bench/pytorch/requirements.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let line = text.lines().find_map(|line| line.strip_prefix(package));
    let line = line.with_context(|| format!("{} does not name {package}", path.display()))?;
    Ok(line.trim_start_matches(['=', '>']).to_string())
}
