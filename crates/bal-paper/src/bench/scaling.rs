//! `bench scaling`: how the time of a sweep grows.

use crate::scaling::{Peak, Scaling, Sweep};
use crate::spread::Spread;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use super::process::Process;
use super::records;
use super::sides::{Sides, Size, cores};
use crate::figures;
use bal_chores::Repository;
use bal_chores::processor;
use bal_chores::stage;

/// Time sweeps of 1 to 16 chains and 64 to 1024 images, on 1 thread to as many as there are cores, and draw the result
#[derive(Args)]
pub(crate) struct Options {
    /// Measurements of each size, after one that does not count
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeats: u32,
}

const CHAINS: [u32; 5] = [1, 2, 4, 8, 16];
const BATCHES: [u32; 5] = [64, 128, 256, 512, 1024];
/// Of the paper, and of sweeps in which the other quantity changes.
const USUAL: (u32, u32) = (5, 256);

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let sides = Sides::here(repository, Size::Full)?;
    let mut scaling =
        Scaling { cpu: processor(), repeats: options.repeats, peaks: Vec::new(), sweeps: Vec::new() };
    let mut processes = Vec::new();
    for threads in powers_of_two(cores()) {
        let mut process = sides.ours(threads)?;
        let flops = process.number(&json!({"do": "peak_flops"}), "flops")?;
        scaling.peaks.push(Peak { threads, flops });
        processes.push((threads, process));
    }
    for (chains, batch) in sizes() {
        let title = format!("{chains} chains, {batch} images");
        scaling.sweeps.extend(stage(&title, || sweeps(&mut processes, options.repeats, chains, batch))?);
    }
    scaling.write(&records(repository)?.join("scaling.json"))?;
    figures::run(repository)
}

fn sizes() -> Vec<(u32, u32)> {
    let mut sizes: Vec<(u32, u32)> = CHAINS.map(|chains| (chains, USUAL.1)).into();
    sizes.extend(BATCHES.map(|batch| (USUAL.0, batch)));
    sizes
}

/// 1, 2, 4, .. and the number of cores itself.
fn powers_of_two(cores: u32) -> Vec<u32> {
    let mut threads: Vec<u32> = (0..u32::BITS).map(|power| 1 << power).take_while(|&n| n < cores).collect();
    threads.push(cores);
    threads
}

/// Times a size on every number of threads, in alternation.
fn sweeps(processes: &mut [(u32, Process)], repeats: u32, chains: u32, batch: u32) -> Result<Vec<Sweep>> {
    let request = json!({"do": "sweep", "chains": chains, "batch": batch});
    let mut seconds = vec![Vec::new(); processes.len()];
    for round in 0..=repeats {
        for ((_, process), seconds) in processes.iter_mut().zip(&mut seconds) {
            let taken = process.number(&request, "seconds")?;
            // The first round warms up.
            if round > 0 {
                seconds.push(taken);
            }
        }
    }
    let operations = json!({"do": "operations", "chains": chains, "batch": batch});
    let sweep = |((threads, process), seconds): (&mut (u32, Process), Vec<f64>)| {
        let Spread { median, least, most } = Spread::of(seconds).context("nothing was timed")?;
        let operations = process.number(&operations, "operations")?;
        Ok(Sweep { threads: *threads, chains, batch, median, least, most, operations })
    };
    processes.iter_mut().zip(seconds).map(sweep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_double_up_to_the_cores() {
        assert_eq!(powers_of_two(1), [1]);
        assert_eq!(powers_of_two(2), [1, 2]);
        assert_eq!(powers_of_two(6), [1, 2, 4, 6]);
    }

    #[test]
    fn every_size_differs_from_the_usual_one_in_one_quantity() {
        assert!(sizes().iter().all(|&(chains, batch)| chains == USUAL.0 || batch == USUAL.1));
    }
}
