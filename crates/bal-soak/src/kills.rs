//! Kills: commands are killed at any moment, begun again, killed again, and end in the files of an undisturbed one.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::attempt::Attempt;
use super::chance::Chance;
use super::ground::Ground;
use super::jobs::Job;
use super::leaves::Leaves;
use super::report::{Faults, Part, Row};

/// After so many kills the undisturbed command is timed anew: other work on the machine comes and goes.
const TIMED_EVERY: u64 = 20;

/// What an undisturbed command leaves, and how long it takes.
pub(super) struct Whole {
    pub(super) leaves: Leaves,
    pub(super) duration: Duration,
}

impl Whole {
    /// Runs `job` to its end in a folder of its own.
    pub(super) fn of(ground: &Ground<'_>, job: &Job) -> Result<Self> {
        let folder = ground.fresh()?;
        Ground::prepare(job, folder.path())?;
        let ended = Attempt::start(&mut ground.command(job, folder.path()))?.end()?;
        ensure!(ended.succeeded(), "{} fails undisturbed: {}", job.name, ended.said);
        Ok(Self { leaves: Leaves::in_folder(folder.path())?, duration: ended.after })
    }
}

/// Kills `jobs` so often in all.
pub(super) fn run(ground: &Ground<'_>, jobs: &[Job], kills: u64, seed: u64) -> Result<Part> {
    let mut chance = Chance::new(seed, 1);
    let mut faults = Faults::default();
    let mut rows = Vec::new();
    for (at, job) in jobs.iter().enumerate() {
        // As many for each as the number allows.
        let share = kills * (at as u64 + 1) / jobs.len() as u64 - kills * at as u64 / jobs.len() as u64;
        eprintln!("{}: {share} kills", job.name);
        rows.push(of_job(ground, job, share, &mut chance, &mut faults).with_context(|| job.name.to_owned())?);
    }
    Ok(Part::new("kills", seed, rows, faults))
}

/// Where a command was when it was killed, in the order of its work.
const PHASES: [&str; 4] =
    ["before it wrote anything", "at work, nothing kept yet", "at work, some kept", "at its end"];

fn of_job(
    ground: &Ground<'_>,
    job: &Job,
    kills: u64,
    chance: &mut Chance,
    faults: &mut Faults,
) -> Result<Row> {
    let whole = Whole::of(ground, job)?;
    // Another one has to leave the same, or nothing below means anything.
    let mut duration = {
        let again = Whole::of(ground, job)?;
        if let Some(difference) = again.leaves.differ(&whole.leaves) {
            faults.add(format!("{}: two undisturbed commands differ: {difference}", job.name));
        }
        again.duration
    };
    let (mut done, mut finished, mut temporary) = (0, 0, 0);
    let mut phases: BTreeMap<&str, u64> = BTreeMap::new();
    while done < kills {
        let folder = ground.fresh()?;
        Ground::prepare(job, folder.path())?;
        let before = Leaves::in_folder(folder.path())?;
        loop {
            let attempt = Attempt::start(&mut ground.command(job, folder.path()))?;
            let ended = if done < kills {
                // A little more than it takes, so that its last moments are not spared.
                attempt.end_or_kill_at(chance.moment(duration.mul_f64(1.05)))?
            } else {
                attempt.end()?
            };
            let left = Leaves::in_folder(folder.path())?;
            if ended.was_killed() {
                done += 1;
                *phases.entry(phase(job, folder.path(), &left, &before, &whole.leaves)).or_default() += 1;
                if let Some(torn) = left.torn(&before, &whole.leaves) {
                    faults.add(format!("{}, killed after {:?}: {torn}", job.name, ended.after));
                }
                if done % TIMED_EVERY == 0 {
                    duration = Whole::of(ground, job)?.duration;
                }
                continue;
            }
            finished += 1;
            temporary += left.temporary() as u64;
            let wrong = if ended.succeeded() {
                left.differ(&whole.leaves)
            } else {
                Some(format!("it does not go on: {}", ended.last_line()))
            };
            if let Some(wrong) = wrong {
                faults.add(format!("{}: {wrong}{}", job.name, faults.keep(folder)?));
            }
            break;
        }
    }
    let mut counts = vec![("kills", done)];
    counts.extend(PHASES.map(|phase| (phase, phases.get(phase).copied().unwrap_or_default())));
    counts.extend([("ended in the same files", finished), ("temporary files left", temporary)]);
    Ok(Row::new(job.name, &counts))
}

/// How far the command had come, by what it left.
fn phase(job: &Job, folder: &Path, left: &Leaves, before: &Leaves, whole: &Leaves) -> &'static str {
    let finished: Vec<&str> = left.finished(before, whole).collect();
    let last = if job.trains() {
        finished.iter().any(|name| name.starts_with("run/posterior") || name.starts_with("run/record"))
    } else {
        !job.downloads() && !finished.is_empty()
    };
    let kept = if job.trains() {
        folder.join("run/checkpoint/state.safetensors").is_file()
    } else {
        !finished.is_empty()
            || left
                .names()
                .any(|name| [".partial/shard-", ".partial/row-"].iter().any(|part| name.contains(part)))
    };
    let nothing = left.names().all(|name| before.names().any(|old| old == name));
    match (last, kept, nothing) {
        (true, ..) => PHASES[3],
        (false, true, _) => PHASES[2],
        (false, false, false) => PHASES[1],
        (false, false, true) => PHASES[0],
    }
}
