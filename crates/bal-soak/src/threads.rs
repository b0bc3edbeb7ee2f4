//! Threads: every command leaves the same bytes on any number of them.

use anyhow::{Context, Result, ensure};

use super::attempt::Attempt;
use super::ground::Ground;
use super::jobs::Job;
use super::leaves::Leaves;
use super::report::{Faults, Part, Row};

/// Runs each job on each number of threads.
pub(super) fn run(ground: &Ground<'_>, jobs: &[Job], threads: &[u64], seed: u64) -> Result<Part> {
    let mut faults = Faults::default();
    let mut rows = Vec::new();
    for job in jobs {
        eprintln!("{}: {threads:?} threads", job.name);
        rows.push(of_job(ground, job, threads, &mut faults).with_context(|| job.name.to_owned())?);
    }
    let numbers: Vec<String> = threads.iter().map(u64::to_string).collect();
    let mut part = Part::new("threads", seed, rows, faults);
    part.how = vec![format!("Each on {} threads.", numbers.join(", "))];
    Ok(part)
}

fn of_job(ground: &Ground<'_>, job: &Job, threads: &[u64], faults: &mut Faults) -> Result<Row> {
    let mut first: Option<Leaves> = None;
    let (mut runs, mut same) = (0, 0);
    for number in threads {
        let folder = ground.fresh()?;
        Ground::prepare(job, folder.path())?;
        let mut command = ground.command(job, folder.path());
        let ended = Attempt::start(command.args(["--threads", &number.to_string()]))?.end()?;
        ensure!(ended.succeeded(), "{number} threads: {}", ended.said);
        let left = Leaves::in_folder(folder.path())?;
        runs += 1;
        match first.as_ref().map(|first| left.differ(first)) {
            Some(Some(difference)) => {
                faults.add(format!("{}, {number} threads: {difference}{}", job.name, faults.keep(folder)?));
            }
            Some(None) => same += 1,
            None => {
                same += 1;
                first = Some(left);
            }
        }
    }
    Ok(Row::new(job.name, &[("runs", runs), ("with the same bytes", same)]))
}
