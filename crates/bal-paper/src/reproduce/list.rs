//! `--list`: what a reproduction is made of.

use anyhow::Result;
use bal_report::Record;
use bal_report::number::duration;

use crate::reproduce::expected::{self, Paces};
use crate::reproduce::figure::Figure;
use crate::reproduce::place::Place;
use crate::reproduce::quick::Overrides;
use crate::reproduce::runs::Run;
use crate::reproduce::tuning;
use bal_chores::Repository;

/// A line for each run: its folder, its state here, and the time its training took by its record, or should take by the
/// records of others, which were made on 2 cores; a search takes that for each trial, and is listed by its fewest.
pub(super) fn print(
    repository: &Repository,
    place: &Place,
    runs: &[Run],
    overrides: &Overrides,
) -> Result<()> {
    let known = Paces::read(repository, &Place::new(false), &Figure::All.runs(1, &[])?)?;
    println!("{:<32} {:<12} training", "run", "here");
    for run in runs {
        let folder = repository.root().join(&place.runs).join(&run.folder);
        let state = if folder.join("record.json").is_file() {
            "finished"
        } else if folder.is_dir() {
            "begun"
        } else {
            "not begun"
        };
        let record = expected::record(repository, place, run);
        let time = if record.is_file() {
            let Record { wall_seconds, threads, .. } = Record::read(&record)?;
            format!("took {} on {threads} threads", duration(wall_seconds))
        } else {
            let trials = f64::from(tuning::fewest_trainings(repository, place, run));
            let seconds = known.expected(repository, run, overrides)?.map(|seconds| seconds * trials);
            seconds.map_or("unknown".into(), |seconds| format!("should take {}", duration(seconds)))
        };
        println!("{:<32} {state:<12} {time}", run.folder.display());
    }
    Ok(())
}
