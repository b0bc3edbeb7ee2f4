//! Pairs: two commands that write the same files at once, from any distance in time.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::attempt::{Attempt, Ended};
use super::chance::Chance;
use super::ground::Ground;
use super::jobs::Job;
use super::leaves::Leaves;
use super::report::{Faults, Part, Row};

/// Two commands that get into each other's way, and where each writes what is its own.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) name: &'static str,
    pub(super) jobs: [Job; 2],
    /// What the files of each begin with; the same for both where both write the same.
    pub(super) outs: [&'static str; 2],
}

impl Pair {
    /// Every kind: a run and its double, two runs that train the same start, and files that two commands would write.
    pub(super) fn all() -> Vec<Self> {
        let [erm, exact, other, evaluation, calibration, download] = Job::paired();
        let same = |name, job, out| Self { name, jobs: [job, job], outs: [out, out] };
        vec![
            same("one run, ERM", erm, "run/"),
            same("one run, BAL", exact, "run/"),
            Self { name: "two runs with one start", jobs: [exact, other], outs: ["run/", "other/"] },
            same("one evaluation", evaluation, ""),
            same("one calibration", calibration, ""),
            same("one download", download, ""),
        ]
    }

    /// Those that need a second each.
    pub(super) fn few() -> Vec<Self> {
        Self::all().into_iter().step_by(2).collect()
    }
}

/// Runs so many pairs, of each kind in turn.
pub(super) fn run(ground: &Ground<'_>, kinds: &[Pair], pairs: u64, seed: u64) -> Result<Part> {
    let mut chance = Chance::new(seed, 2);
    let mut faults = Faults::default();
    let mut rows = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
        let share = pairs * (at as u64 + 1) / kinds.len() as u64 - pairs * at as u64 / kinds.len() as u64;
        eprintln!("{}: {share} pairs", kind.name);
        let row = of_kind(ground, kind, share, &mut chance, &mut faults);
        rows.push(row.with_context(|| kind.name.to_owned())?);
    }
    Ok(Part::new("pairs", seed, rows, faults))
}

#[derive(Default)]
struct Counts {
    both: u64,
    refused: u64,
    killed: u64,
    same: u64,
    temporary: u64,
}

fn of_kind(
    ground: &Ground<'_>,
    kind: &Pair,
    pairs: u64,
    chance: &mut Chance,
    faults: &mut Faults,
) -> Result<Row> {
    let (whole, duration) = one_after_the_other(ground, kind)?;
    let mut counts = Counts::default();
    for number in 0..pairs {
        let folder = ground.fresh()?;
        for job in &kind.jobs {
            Ground::prepare(job, folder.path())?;
        }
        let before = Leaves::in_folder(folder.path())?;
        let commands = || kind.jobs.iter().map(|job| ground.command(job, folder.path()));
        let mut commands = commands().collect::<Vec<_>>().into_iter();
        let (Some(mut first), Some(mut second)) = (commands.next(), commands.next()) else { continue };

        // Half of them begin nearly together, where most happens.
        let near = if number % 2 == 0 { duration.min(Duration::from_millis(60)) } else { duration };
        // Of one in three the first is killed, so that the other finds what a dead process holds.
        let killed_at = (number % 3 == 1).then(|| chance.moment(duration));
        let distance = chance.moment(near);
        let one = Attempt::start(&mut first)?;
        let one_id = one.id();
        let killer = std::thread::spawn(move || match killed_at {
            Some(moment) => one.end_or_kill_at(moment),
            None => one.end(),
        });
        sleep(distance);
        let two = Attempt::start(&mut second)?;
        let two_id = two.id();
        let two = two.end()?;
        let one = killer.join().map_err(|_| anyhow::anyhow!("waiting for a process panicked"))??;

        let left = Leaves::in_folder(folder.path())?;
        let mut wrong = judge(kind, [&one, &two], [two_id, one_id], &left, &before, &whole);
        let ends = [&one, &two];
        counts.both += u64::from(ends.iter().all(|end| end.succeeded()));
        counts.killed += u64::from(one.was_killed());
        counts.refused += ends.iter().filter(|end| !end.succeeded() && !end.was_killed()).count() as u64;
        for (job, end) in kind.jobs.iter().zip(ends) {
            if !end.succeeded() {
                let again = Attempt::start(&mut ground.command(job, folder.path()))?.end()?;
                if !again.succeeded() {
                    wrong.push(format!("begun again, it fails: {}", again.last_line()));
                }
            }
        }
        let left = Leaves::in_folder(folder.path())?;
        wrong.extend(left.differ(&whole));
        counts.temporary += left.temporary() as u64;
        counts.same += u64::from(wrong.is_empty());
        if !wrong.is_empty() {
            let told = format!("{}, {distance:?} apart: {}", kind.name, wrong.join("; "));
            let kept = faults.keep(folder)?;
            faults.add(told + &kept);
        }
    }
    Ok(Row::new(
        kind.name,
        &[
            ("pairs", pairs),
            ("both ended well", counts.both),
            ("one refused", counts.refused),
            ("the first killed", counts.killed),
            ("ended in the right files", counts.same),
            ("temporary files left", counts.temporary),
        ],
    ))
}

/// What both leave when the second begins after the first has ended, and how long the longer one takes.
fn one_after_the_other(ground: &Ground<'_>, kind: &Pair) -> Result<(Leaves, Duration)> {
    let folder = ground.fresh()?;
    let mut longest = Duration::ZERO;
    for job in &kind.jobs {
        Ground::prepare(job, folder.path())?;
        let ended = Attempt::start(&mut ground.command(job, folder.path()))?.end()?;
        ensure!(ended.succeeded(), "{} fails undisturbed: {}", job.name, ended.said);
        longest = longest.max(ended.after);
    }
    Ok((Leaves::in_folder(folder.path())?, longest))
}

/// What is wrong with how the two ended, and with what they left at that moment.
fn judge(
    kind: &Pair,
    ends: [&Ended; 2],
    others: [u32; 2],
    left: &Leaves,
    before: &Leaves,
    whole: &Leaves,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((end, other), out) in ends.iter().zip(others).zip(kind.outs) {
        if end.succeeded() {
            // What ended well is there, whatever the other one did.
            wrong.extend(left.below(out).differ(&whole.below(out)).map(|lost| format!("lost: {lost}")));
        } else if !end.was_killed() {
            wrong.extend(end.is_no_refusal());
            if !end.said.contains(&other.to_string()) {
                wrong.push(format!("it does not name process {other}: {}", end.last_line()));
            }
        }
    }
    if !ends.iter().any(|end| end.succeeded() || end.was_killed()) {
        wrong.push("neither ended well".to_owned());
    }
    wrong.extend(left.torn(before, whole));
    wrong
}
