//! Full and read-only disks: each write of a command fails in turn, and with room again the same command ends well.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::attempt::{Attempt, Ended};
use super::chance::Chance;
use super::ground::Ground;
use super::jobs::Job;
use super::kills::Whole;
use super::leaves::Leaves;
use super::mount::{BLOCK, Mount};
use super::report::{Faults, Part, Row};

/// What stands in the way of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// So many KiB are left on the disk.
    Room(u64),
    /// So many files and folders can still be made.
    Files(u64),
    /// No file may grow beyond so many KiB: what can be tried without root.
    Size(u64),
    /// Nothing can be written, from the start.
    ReadOnly,
    /// Nothing can be written any more to what a killed command left.
    ReadOnlyAfterKill,
}

/// How hard it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Everything, down to each block where what fails changes.
    Full,
    /// A few limits to the size of files.
    Short,
}

/// Runs each job under every trouble.
pub(super) fn run(ground: &Ground<'_>, jobs: &[Job], depth: Depth, seed: u64) -> Result<Part> {
    let mut how = vec!["Size of files: a limit of the shell (`ulimit -f`), its signal ignored.".to_owned()];
    let mounts = depth == Depth::Full && {
        let folder = ground.fresh()?;
        match Mount::new(folder.path()) {
            Ok(_) => {
                how.insert(
                    0,
                    "Room, number of files, read-only: a file system in memory, mounted anew with less of it."
                        .to_owned(),
                );
                true
            }
            Err(error) => {
                how.insert(0, format!("Room, number of files, read-only: not tried, because {error:#}."));
                false
            }
        }
    };
    let mut faults = Faults::default();
    let mut rows = Vec::new();
    for job in jobs {
        eprintln!("{}", job.name);
        let mut trials = Trials {
            ground,
            job,
            whole: Whole::of(ground, job).with_context(|| job.name.to_owned())?,
            chance: Chance::new(seed, 3),
            faults: &mut faults,
            counts: Counts::default(),
            said: BTreeSet::new(),
        };
        trials.all(depth, mounts).with_context(|| job.name.to_owned())?;
        rows.push(trials.row());
    }
    let mut part = Part::new("disk", seed, rows, faults);
    part.how = how;
    Ok(part)
}

#[derive(Default)]
struct Counts {
    room: u64,
    files: u64,
    size: u64,
    read_only: u64,
    refused: u64,
    right: u64,
}

struct Trials<'a> {
    ground: &'a Ground<'a>,
    job: &'a Job,
    whole: Whole,
    chance: Chance,
    faults: &'a mut Faults,
    counts: Counts,
    /// The refusals, each once.
    said: BTreeSet<String>,
}

impl Trials<'_> {
    fn all(&mut self, depth: Depth, mounts: bool) -> Result<()> {
        if depth == Depth::Short {
            return [0, 1, 300].into_iter().try_for_each(|kib| self.one(Trouble::Size(kib)).map(drop));
        }
        self.up_to_enough("size of files", 1, Trouble::Size)?;
        if mounts {
            self.up_to_enough("room", BLOCK, Trouble::Room)?;
            self.up_to_enough("number of files", 1, Trouble::Files)?;
            self.one(Trouble::ReadOnly)?;
            for _ in 0..4 {
                self.one(Trouble::ReadOnlyAfterKill)?;
            }
        }
        Ok(())
    }

    /// Tries growing limits, multiples of `step`, until one is enough; where two of them fail differently, also
    /// what is between them.
    fn up_to_enough(&mut self, name: &str, step: u64, trouble: fn(u64) -> Trouble) -> Result<()> {
        eprintln!("    {name}");
        let mut before = (0, self.one(trouble(0))?);
        let mut steps = 1;
        while before.1.is_some() {
            let next = (steps, self.one(trouble(steps * step))?);
            self.between(&before, &next, step, trouble)?;
            before = next;
            // Finer than doubling: some thirds of a large file may be a file of their own.
            steps = (steps + steps.div_ceil(2)).max(steps + 1);
        }
        Ok(())
    }

    /// Halves the distance until neighbours differ by a step.
    fn between(
        &mut self,
        low: &(u64, Option<String>),
        high: &(u64, Option<String>),
        step: u64,
        trouble: fn(u64) -> Trouble,
    ) -> Result<()> {
        if low.1 == high.1 || high.0 - low.0 < 2 {
            return Ok(());
        }
        let steps = low.0.midpoint(high.0);
        let middle = (steps, self.one(trouble(steps * step))?);
        self.between(low, &middle, step, trouble)?;
        self.between(&middle, high, step, trouble)
    }

    /// Runs the job in trouble, and once more without; returns how it refused, if it did.
    fn one(&mut self, trouble: Trouble) -> Result<Option<String>> {
        match trouble {
            Trouble::Room(_) => self.counts.room += 1,
            Trouble::Files(_) => self.counts.files += 1,
            Trouble::Size(_) => self.counts.size += 1,
            Trouble::ReadOnly | Trouble::ReadOnlyAfterKill => self.counts.read_only += 1,
        }
        let place = Place::new(self.ground, self.job, trouble)?;
        if trouble == Trouble::ReadOnlyAfterKill {
            let moment = self.chance.moment(self.whole.duration);
            Attempt::start(&mut self.ground.command(self.job, place.folder()))?.end_or_kill_at(moment)?;
        }
        let before = Leaves::in_folder(place.folder())?;
        if trouble == Trouble::ReadOnlyAfterKill && before.differ(&self.whole.leaves).is_none() {
            // It was done; what makes something new has nothing to do any more.
            self.counts.right += 1;
            return Ok(None);
        }
        let ended = place.in_trouble(&self.ground.command(self.job, place.folder()), trouble)?;
        let left = Leaves::in_folder(place.folder())?;
        let mut wrong = Vec::new();
        let refusal = (!ended.succeeded()).then(|| refusal(&ended, place.folder()));
        if let Some(refusal) = &refusal {
            self.counts.refused += 1;
            if self.said.insert(refusal.clone()) {
                eprintln!("        {refusal}");
            }
            wrong.extend(self.wrong_with_refusal(&ended));
            wrong.extend(left.torn(&before, &self.whole.leaves));
            if left.temporary() > before.temporary() {
                wrong.push("temporary files are left".to_owned());
            }
        }
        place.without_trouble()?;
        if refusal.is_some() {
            let again = Attempt::start(&mut self.ground.command(self.job, place.folder()))?.end()?;
            if !again.succeeded() {
                wrong.push(format!("with room again it fails: {}", again.last_line()));
            }
        }
        wrong.extend(Leaves::in_folder(place.folder())?.differ(&self.whole.leaves));
        if wrong.is_empty() {
            self.counts.right += 1;
        } else {
            let said = refusal.as_deref().unwrap_or("no refusal");
            self.faults.add(format!("{}, {trouble:?}: {}; it said: {said}", self.job.name, wrong.join("; ")));
        }
        Ok(refusal)
    }

    /// A refusal has to be one, and to name one of the files or folders that the job writes.
    fn wrong_with_refusal(&self, ended: &Ended) -> Option<String> {
        let first = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
        let names: BTreeSet<String> = self.whole.leaves.names().map(first).collect();
        ended.is_no_refusal().or_else(|| {
            let named = names.iter().any(|name| ended.said.contains(name.as_str()));
            (!named).then(|| "it names no file of its own".to_owned())
        })
    }

    fn row(&self) -> Row {
        let Counts { room, files, size, read_only, refused, right } = self.counts;
        Row::new(
            self.job.name,
            &[
                ("room", room),
                ("number of files", files),
                ("size of files", size),
                ("read-only", read_only),
                ("refused", refused),
                ("different messages", self.said.len() as u64),
                ("right in the end", right),
            ],
        )
    }
}

/// The last line that it said, without what is different each time: the name of the folder, temporary names in it, and
/// numbers, as that of the last batch.
fn refusal(ended: &Ended, folder: &Path) -> String {
    let last = ended.last_line().replace(&folder.display().to_string(), "..");
    let last = last.split_whitespace().map(without_random_name).collect::<Vec<_>>().join(" ");
    last.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect()
}

/// Temporary names have random letters.
fn without_random_name(word: &str) -> String {
    match word.rfind("/.") {
        Some(at) if !word[at..].starts_with("/..") => format!("{}/.*", &word[..at]),
        _ => word.to_owned(),
    }
}

/// The folder that the job works in.
struct Place {
    mount: Option<Mount>,
    folder: TempDir,
}

impl Place {
    fn new(ground: &Ground<'_>, job: &Job, trouble: Trouble) -> Result<Self> {
        let folder = ground.fresh()?;
        let mount = match trouble {
            Trouble::Size(_) => None,
            _ => Some(Mount::new(folder.path())?),
        };
        Ground::prepare(job, folder.path())?;
        Ok(Self { mount, folder })
    }

    fn folder(&self) -> &Path {
        self.mount.as_ref().map_or(self.folder.path(), Mount::path)
    }

    fn in_trouble(&self, command: &Command, trouble: Trouble) -> Result<Ended> {
        if let Some(mount) = &self.mount {
            match trouble {
                Trouble::Room(kib) => mount.leave_room(kib)?,
                Trouble::Files(files) => mount.leave_files(files)?,
                Trouble::ReadOnly | Trouble::ReadOnlyAfterKill => mount.read_only()?,
                Trouble::Size(_) => {}
            }
        }
        let mut command = match trouble {
            Trouble::Size(kib) => limited(command, kib),
            _ => same(command, command.get_program(), &[]),
        };
        Attempt::start(&mut command)?.end()
    }

    fn without_trouble(&self) -> Result<()> {
        self.mount.as_ref().map_or(Ok(()), Mount::give_back)
    }
}

/// The command under a limit to the size of files; without the signal, a write beyond it fails as on a full disk.
fn limited(command: &Command, kib: u64) -> Command {
    // Units of 512 bytes.
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", 2 * kib);
    same(command, OsStr::new("sh"), &["-c".as_ref(), script.as_ref(), "sh".as_ref(), command.get_program()])
}

/// `program` with these arguments and those of `command`, where and with what that runs.
fn same(command: &Command, program: &OsStr, arguments: &[&OsStr]) -> Command {
    let mut other = Command::new(program);
    other.args(arguments).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        other.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_command_cannot_write_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "head -c 3000 /dev/zero > file || exit 9"]).current_dir(folder.path());
        let end = |kib| limited(&command, kib).status().unwrap().code();
        assert_eq!((end(2), end(3)), (Some(9), Some(0)));
        assert_eq!(std::fs::metadata(folder.path().join("file")).unwrap().len(), 3000);
    }

    #[test]
    fn random_names_make_no_difference() {
        assert_eq!(without_random_name("a/.tmpXyZ1/b:"), without_random_name("a/.tmpAbC2/b:"));
        assert_eq!(without_random_name("a/b.json:"), "a/b.json:");
    }
}
