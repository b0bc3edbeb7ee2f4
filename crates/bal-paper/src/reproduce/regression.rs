//! Regression on three tables: every method on every published division.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use bal_chores::{Bal, Repository};
use bal_data::UciTable;
use bal_report::{Record, ValueEvaluation, json};

use crate::reproduce::place::Place;
use crate::studies::{METHODS, OnSplit, OnTable, RADII};

/// Its folder among runs and results.
const FIGURE: &str = "regression";

/// Divisions of a quick run.
const QUICK_SPLITS: usize = 2;

/// A training and its evaluation.
#[derive(Clone, Copy, Debug)]
struct Job {
    table: UciTable,
    method: &'static str,
    split: usize,
    train_rows: usize,
    quick: bool,
}

impl Job {
    /// The table's name, as folders have it.
    fn short(self) -> &'static str {
        short(self.table)
    }

    fn folder(self, place: &Place) -> PathBuf {
        place.runs.join(FIGURE).join(self.short()).join(self.method).join(self.split.to_string())
    }

    /// The command line of the training. One thread: runs go side by side.
    fn training(self, place: &Place) -> Vec<String> {
        let Self { table, method, split, train_rows, quick } = self;
        let mut settings = vec![
            format!("name=\"{table}-{method}\""),
            format!("dataset=\"{table}\""),
            format!("regression.test.split={split}"),
            format!("train_images={train_rows}"),
        ];
        if quick {
            let key = if method.starts_with("bal") || method == "pgd" { "bal" } else { method };
            settings.push(format!("{key}.schedule.epochs=6"));
            if matches!(method, "bnn" | "bal" | "bal-ball") {
                settings.extend([
                    format!("{key}.samples.thinned.burn_in=2"),
                    format!("{key}.samples.thinned.every=2"),
                ]);
            }
        }
        let file = format!("experiments/uci-yacht-{method}.toml");
        let mut words: Vec<String> = ["train", "--experiment", &file].map(Into::into).into();
        words.extend(settings.into_iter().flat_map(|setting| ["--set".into(), setting]));
        words.extend(["--out".into(), self.folder(place).display().to_string()]);
        words.extend(["--threads", "1", "--resume"].map(Into::into));
        if quick {
            words.push("--quick".into());
        }
        words
    }

    /// Trains, attacks, and returns what came of it.
    fn run(self, repository: &Repository, bal: &Bal<'_>, place: &Place) -> Result<OnSplit> {
        let folder = repository.root().join(self.folder(place));
        bal.run_quietly(&self.training(place))?;
        let file = folder.with_extension("json");
        let radii = RADII.map(|radius| radius.to_string()).join(",");
        let words =
            ["evaluate", &self.folder(place).display().to_string(), "--attack", "pgd", "--radius", &radii]
                .map(ToOwned::to_owned);
        let to = ["--threads".into(), "1".into(), "--json".into(), file.display().to_string()];
        bal.run_quietly(&words.into_iter().chain(to).collect::<Vec<_>>())?;
        let found = ValueEvaluation::read(&file)?;
        let record = Record::read(&folder.join("record.json"))?;
        let weights = found.model.weights.as_deref().and_then(<[String]>::first).cloned();
        Ok(OnSplit {
            split: self.split,
            rows: found.rows,
            rmse: found.rmse,
            negative_log_likelihood: found.negative_log_likelihood,
            coverage: found.coverage,
            weights: weights.context("an evaluation names its weights")?,
            wall_seconds: record.wall_seconds,
        })
    }
}

fn short(table: UciTable) -> &'static str {
    table.name().trim_start_matches("uci-")
}

/// All of them, division by division.
fn jobs(repository: &Repository, quick: bool) -> Result<Vec<Job>> {
    let splits = if quick { QUICK_SPLITS } else { UciTable::SPLITS };
    let mut jobs = Vec::new();
    for table in UciTable::ALL {
        let (numbers, divisions) = table.load(&repository.datasets())?;
        for (split, test) in divisions.iter().enumerate().take(splits) {
            let train_rows = numbers.rows.len() - test.len();
            jobs.extend(METHODS.map(|(method, _)| Job { table, method, split, train_rows, quick }));
        }
    }
    // So that all tables and methods have as many, wherever it is interrupted.
    jobs.sort_by_key(|job| job.split);
    Ok(jobs)
}

/// Makes what is missing, on as many threads as there are cores, and adds each result to the record of its table at once.
pub(super) fn evaluate(repository: &Repository, bal: &Bal<'_>, place: &Place, only: &[String]) -> Result<()> {
    let mut jobs = jobs(repository, place.quick)?;
    jobs.retain(|job| only.is_empty() || only.iter().any(|name| name == job.method || name == job.short()));
    let all = jobs.len();
    let left = Mutex::new(jobs.into_iter().enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let results = repository.root().join(&place.results);
    let records = Mutex::new(());
    let work = || -> Result<()> {
        while let Some((number, job)) = next() {
            let Job { method, split, .. } = job;
            // After a failure no other job is begun.
            let found = job.run(repository, bal, place).inspect_err(|_| while next().is_some() {})?;
            eprintln!("{}/{all}: {} {method} {split}: RMSE {:.3}", number + 1, job.short(), found.rmse[0]);
            let _one_at_a_time = records.lock().unwrap_or_else(PoisonError::into_inner);
            put_on_record(&results, job, found)?;
        }
        Ok(())
    };
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })
}

/// Puts what was found beside what is on record of the table.
fn put_on_record(results: &Path, job: Job, found: OnSplit) -> Result<()> {
    let file = results.join(FIGURE).join(format!("{}.json", job.short()));
    let mut record = if file.is_file() { json::read(&file)? } else { OnTable::default() };
    (record.quick, record.radii) = (job.quick, RADII.into());
    let splits = record.methods.entry(job.method.into()).or_default();
    splits.retain(|known| known.split != found.split);
    splits.push(found);
    splits.sort_by_key(|split| split.split);
    Ok(json::write(&file, &record)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_trained_on_every_division() {
        let repository = Repository::find().unwrap();
        let jobs = jobs(&repository, false).unwrap();
        assert_eq!(jobs.len(), 3 * 20 * METHODS.len());
        let words = jobs[0].training(&Place::new(false)).join(" ");
        assert_eq!(
            words,
            "train --experiment experiments/uci-yacht-erm.toml --set name=\"uci-yacht-erm\" --set dataset=\"uci-yacht\" \
             --set regression.test.split=0 --set train_images=277 --out runs/regression/yacht/erm/0 --threads 1 --resume"
        );
        for (method, _) in METHODS {
            assert!(
                repository.root().join(format!("experiments/uci-yacht-{method}.toml")).is_file(),
                "{method}"
            );
        }
    }
}
