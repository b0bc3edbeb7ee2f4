//! `--list`: what a reproduction is made of.

use anyhow::Result;
use bal_report::Record;

use crate::repository::Repository;
use crate::reproduce::place::Place;
use crate::reproduce::runs::Run;

/// A line for each run: its folder, its state here, and the time its training took by the record in results.
pub(super) fn print(repository: &Repository, place: &Place, runs: &[Run]) -> Result<()> {
    println!("{:<28} {:<12} training took", "run", "here");
    for run in runs {
        let folder = repository.root().join(&place.runs).join(&run.folder);
        let state = if folder.join("record.json").is_file() {
            "finished"
        } else if folder.is_dir() {
            "begun"
        } else {
            "not begun"
        };
        let record = repository.root().join(&place.results).join(&run.folder).join("record.json");
        let took = if record.is_file() {
            let Record { wall_seconds, threads, .. } = Record::read(&record)?;
            format!("{:.0} min on {threads} threads, on record", (wall_seconds / 60.0).ceil())
        } else {
            "-".into()
        };
        println!("{:<28} {state:<12} {took}", run.folder.display());
    }
    Ok(())
}
