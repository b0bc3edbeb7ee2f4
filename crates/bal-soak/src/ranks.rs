//! Ranks: of several processes that work together one is killed; the others say which, and the work goes on to the same files.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread::spawn;

use anyhow::{Context, Result, anyhow};

use super::attempt::{Attempt, Ended};
use super::chance::Chance;
use super::ground::Ground;
use super::jobs::Job;
use super::kills::Whole;
use super::leaves::Leaves;
use super::report::{Faults, Part, Row};

/// How many processes work together.
const SIZE: usize = 3;

/// Seconds after which a silent rank is lost.
const TIMEOUT: u64 = 4;

/// Kills so many ranks in all.
pub(super) fn run(ground: &Ground<'_>, jobs: &[Job], kills: u64, seed: u64) -> Result<Part> {
    let mut chance = Chance::new(seed, 5);
    let mut faults = Faults::default();
    let mut rows = Vec::new();
    for (at, job) in jobs.iter().enumerate() {
        let share = kills * (at as u64 + 1) / jobs.len() as u64 - kills * at as u64 / jobs.len() as u64;
        eprintln!("{}: {share} kills of a rank", job.name);
        rows.push(of_job(ground, job, share, &mut chance, &mut faults).with_context(|| job.name.to_owned())?);
    }
    let mut part = Part::new("ranks", seed, rows, faults);
    part.how = vec![format!(
        "{SIZE} ranks with one thread each, on one machine; a silent rank is lost after {TIMEOUT} s."
    )];
    Ok(part)
}

#[derive(Default)]
struct Counts {
    kills: u64,
    of_rank_0: u64,
    named: u64,
    finished: u64,
    same: u64,
    temporary: u64,
}

fn of_job(
    ground: &Ground<'_>,
    job: &Job,
    kills: u64,
    chance: &mut Chance,
    faults: &mut Faults,
) -> Result<Row> {
    let whole = Whole::of(ground, job)?;
    let mut counts = Counts::default();
    // Those that nobody disturbs say how long it takes.
    let undisturbed = ground.fresh()?;
    Ground::prepare(job, undisturbed.path())?;
    let ended = together(ground, job, undisturbed.path(), None)?;
    let duration = ended.iter().map(|ended| ended.after).max().unwrap_or_default();
    if let Some(wrong) = wrong(&ended, undisturbed.path(), &whole)? {
        faults.add(format!("{}, undisturbed: {wrong}{}", job.name, faults.keep(undisturbed)?));
    }
    while counts.kills < kills {
        let folder = ground.fresh()?;
        Ground::prepare(job, folder.path())?;
        let before = Leaves::in_folder(folder.path())?;
        loop {
            let rank = (chance.fraction() * SIZE as f64) as usize;
            let moment = chance.moment(duration);
            let killed = (counts.kills < kills).then_some((rank, moment));
            let ended = together(ground, job, folder.path(), killed)?;
            let was_killed = ended[rank].was_killed();
            if killed.is_some() && was_killed {
                counts.kills += 1;
                counts.of_rank_0 += u64::from(rank == 0);
                let unnamed = ended.iter().enumerate().find_map(|(other, end)| {
                    (other != rank)
                        .then(|| does_not_name(end, rank))?
                        .map(|said| format!("rank {other} says {said}"))
                });
                match unnamed {
                    None => counts.named += 1,
                    Some(said) => {
                        faults.add(format!(
                            "{}: rank {rank} was killed after {moment:?}, and {said}",
                            job.name
                        ));
                    }
                }
                let left = Leaves::in_folder(folder.path())?;
                if let Some(torn) = left.torn(&before, &whole.leaves) {
                    faults.add(format!("{}: rank {rank} was killed after {moment:?}: {torn}", job.name));
                }
                continue;
            }
            counts.finished += 1;
            counts.temporary += Leaves::in_folder(folder.path())?.temporary() as u64;
            match wrong(&ended, folder.path(), &whole)? {
                None => counts.same += 1,
                Some(wrong) => faults.add(format!("{}: {wrong}{}", job.name, faults.keep(folder)?)),
            }
            break;
        }
    }
    Ok(Row::new(
        job.name,
        &[
            ("kills", counts.kills),
            ("of rank 0", counts.of_rank_0),
            ("all others ended and named it", counts.named),
            ("begun anew", counts.finished),
            ("ended in the same files", counts.same),
            ("temporary files left", counts.temporary),
        ],
    ))
}

/// Runs `job` as all ranks, one of which is perhaps killed some time after its start.
fn together(
    ground: &Ground<'_>,
    job: &Job,
    folder: &Path,
    killed: Option<(usize, std::time::Duration)>,
) -> Result<Vec<Ended>> {
    // A port that nobody listens at now.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut waiting = Vec::new();
    for rank in 0..SIZE {
        let attempt = Attempt::start(&mut of_rank(ground.command(job, folder), rank, port))?;
        let moment = killed.filter(|(one, _)| *one == rank).map(|(_, moment)| moment);
        waiting.push(spawn(move || match moment {
            Some(moment) => attempt.end_or_kill_at(moment),
            None => attempt.end(),
        }));
    }
    let ended =
        waiting.into_iter().map(|rank| rank.join().map_err(|_| anyhow!("waiting for a process panicked"))?);
    ended.collect()
}

fn of_rank(mut command: Command, rank: usize, port: u16) -> Command {
    command
        .args(["--threads", "1"])
        .env("RANK", rank.to_string())
        .env("WORLD_SIZE", SIZE.to_string())
        .env("MASTER_ADDR", "127.0.0.1")
        .env("MASTER_PORT", port.to_string())
        .env("BAL_RANK_TIMEOUT", TIMEOUT.to_string());
    command
}

/// What is wrong with ranks that were all left alone.
fn wrong(ended: &[Ended], folder: &Path, whole: &Whole) -> Result<Option<String>> {
    if let Some((rank, end)) = ended.iter().enumerate().find(|(_, end)| !end.succeeded()) {
        return Ok(Some(format!("rank {rank} fails: {}", end.last_line())));
    }
    Ok(Leaves::in_folder(folder)?.differ(&whole.leaves))
}

/// What a rank says that lost another one, if it is not one line that names it. One that was done already need not.
fn does_not_name(end: &Ended, lost: usize) -> Option<String> {
    if end.succeeded() {
        return None;
    }
    if let Some(wrong) = end.is_no_refusal() {
        return Some(wrong);
    }
    let line = end.last_line();
    // Before they have joined, the others know of the store of rank 0 only.
    let names = [format!("rank {lost} is lost"), format!("rank {lost} of {SIZE} did not join")];
    let joining = lost == 0 && line.contains("cannot join the others");
    (!joining && !names.iter().any(|name| line.contains(name))).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn said(line: &str) -> Ended {
        Attempt::start(Command::new("sh").args(["-c", &format!("echo '{line}' >&2; exit 1")]))
            .unwrap()
            .end()
            .unwrap()
    }

    #[test]
    fn a_rank_has_to_name_the_one_that_is_lost() {
        assert_eq!(does_not_name(&said("error: sweep 3: rank 1 is lost: it ended"), 1), None);
        assert_eq!(does_not_name(&said("error: rank 1 of 3 did not join at x within 4 s"), 1), None);
        assert!(does_not_name(&said("error: rank 2 is lost: it ended"), 1).is_some());
        assert!(does_not_name(&said("error: the ranks cannot exchange data"), 1).is_some());
        assert!(does_not_name(&said("thread panicked"), 1).is_some());
        assert_eq!(does_not_name(&said("error: rank 1 of 3 cannot join the others at x: y"), 0), None);
    }
}
