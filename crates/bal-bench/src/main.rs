//! Our side of `cargo xtask bench peer`: times what it is asked for.
//!
//! Reads one request a line from standard input and answers each with one JSON object a line:
//! `{"do": "gradients", "chains": N, "out": FILE}` writes the gradients that both sides must agree on;
//! `{"do": MEASURE, "chains": N}`, perhaps with `"batch": N`, answers `{"seconds": S}`;
//! `{"do": "operations", "chains": N, "batch": N}` answers `{"operations": N}` of a sweep,
//! `{"do": "peak_flops"}` answers `{"flops": N}` per second, `{"do": "peak"}` answers `{"bytes": N}`.

#![allow(clippy::print_stdout, reason = "answers are what this program is for")]

use anyhow::{Context, Result};
use bal_bench::{Measure, Problem, Sizes};
use clap::Parser;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    io::{BufRead, Write},
    path::{Path, PathBuf},
};
use tch::{Kind, Tensor};

/// Times parts of training and evaluation, as asked on standard input.
#[derive(Parser)]
struct Options {
    /// The checkout, for its experiments and datasets.
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Networks to start from: a posterior of at least five.
    #[arg(long)]
    weights: PathBuf,
    #[arg(long)]
    threads: u16,
    /// Sizes that only show that it works.
    #[arg(long)]
    smoke: bool,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Request {
    Gradients {
        chains: usize,
        out: PathBuf,
    },
    Peak,
    PeakFlops,
    Operations {
        chains: usize,
        batch: i64,
    },
    #[serde(untagged)]
    Time {
        #[serde(rename = "do")]
        measure: Measure,
        chains: usize,
        batch: Option<i64>,
    },
}

fn main() -> Result<()> {
    let options = Options::parse();
    let sizes = if options.smoke { Sizes::SMOKE } else { Sizes::FULL };
    let mut problem = Problem::load(&options.root, &options.weights, options.threads.into(), sizes)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let request = serde_json::from_str(&line).with_context(|| format!("no such request: {line}"))?;
        println!("{}", answer(&mut problem, sizes, request)?);
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn answer(problem: &mut Problem, sizes: Sizes, request: Request) -> Result<Value> {
    Ok(match request {
        Request::Time { measure, chains, batch } => {
            problem.sizes = Sizes { batch: batch.unwrap_or(sizes.batch), ..sizes };
            json!({ "seconds": measure.seconds(problem, chains)? })
        }
        Request::PeakFlops => json!({ "flops": bal_bench::peak(problem)? }),
        Request::Operations { chains, batch } => {
            let data_steps = problem.bal.data.map_or(0, |data| data.steps);
            json!({ "operations": bal_bench::operations(data_steps, problem.bal.parameters.steps, chains, batch) })
        }
        Request::Peak => json!({ "bytes": peak()? }),
        Request::Gradients { chains, out } => {
            let (image, weights) = problem.gradients(chains)?;
            let names = problem.architecture.parameters();
            let mut parts = vec![("image".to_string(), image.first().shallow_clone())];
            let weights = names.iter().zip(weights.into_tensors());
            parts.extend(weights.map(|(spec, gradient)| (format!("w.{}", spec.name), gradient)));
            write(&out, &parts)?;
            json!({})
        }
    })
}

fn write(path: &Path, parts: &[(String, Tensor)]) -> Result<()> {
    let parts: Vec<_> = parts.iter().map(|(name, t)| (name, t.to_kind(Kind::Float).contiguous())).collect();
    Tensor::write_safetensors(&parts, path)?;
    Ok(())
}

/// The most memory that this process ever had resident, in bytes.
fn peak() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("peak memory is read on Linux only")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib = line.trim().trim_end_matches("kB").trim().parse::<u64>()?;
    Ok(kib * 1024)
}
