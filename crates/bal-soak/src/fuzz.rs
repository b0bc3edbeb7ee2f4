//! Fuzzing: every reader of files from outside on broken ones, by libFuzzer through cargo-fuzz.

use std::collections::VecDeque;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::{available_parallelism, scope};

use anyhow::{Context, Result, bail, ensure};

use super::report::{Faults, Part, Row};
use bal_chores::{Repository, output, run as run_command, stage};

/// Seconds after which an input counts as one that hangs.
const HANGS: u64 = 20;
/// Most memory resident, in MB: LibTorch alone has a third of it. How much a reader itself may take for how long an
/// input, the targets say; they count it.
const RESIDENT: u64 = 1500;

/// Names the folder that a target writes its seeds to, instead of fuzzing.
const SEEDS: &str = "BAL_FUZZ_SEEDS";

/// Fuzzes each reader, or those that are named, for so many seconds.
pub(super) fn run(repository: &Repository, readers: &[String], seconds: u64, seed: u64) -> Result<Part> {
    let fuzzers = Fuzzers { repository, folder: repository.root().join("target/soak") };
    stage("cargo-fuzz", || fuzzers.ensure_tool())?;
    stage("build of the targets", || fuzzers.build())?;
    let known = fuzzers.targets()?;
    if let Some(name) = readers.iter().find(|name| !known.contains(name)) {
        bail!("there is no reader {name}; there are {}", known.join(", "));
    }
    let targets = known.iter().filter(|name| readers.is_empty() || readers.contains(name));
    let queue: Mutex<VecDeque<(usize, &String)>> = Mutex::new(targets.enumerate().collect());
    let results = Mutex::new(Vec::new());
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                // Taken before the loop's body: a guard in the condition would last as long as that, and one would wait for the other.
                let next = || locked(&queue).pop_front();
                while let Some((at, target)) = next() {
                    eprintln!("{target}");
                    let result = fuzzers.fuzz(target, seconds, seed).with_context(|| target.clone());
                    locked(&results).push((at, target, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, ..)| *at);
    let (mut rows, mut faults) = (Vec::new(), Faults::default());
    for (_, target, result) in results {
        let Fuzzed { inputs, fell, seconds } = result?;
        rows.push(Row::new(
            target,
            &[("inputs", inputs), ("seconds", seconds), ("fell", u64::from(fell.is_some()))],
        ));
        if let Some(fell) = fell {
            faults.add(format!("{target}: {fell}"));
        }
    }
    let mut part = Part::new("fuzz", seed, rows, faults);
    part.how = vec![format!(
        "libFuzzer without a sanitizer; inputs as long as the longest sound one (at least 4096 bytes), {HANGS} s and {RESIDENT} MB \
         resident at most."
    )];
    Ok(part)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of one target.
#[derive(Debug, PartialEq, Eq)]
struct Fuzzed {
    inputs: u64,
    seconds: u64,
    fell: Option<String>,
}

struct Fuzzers<'a> {
    repository: &'a Repository,
    /// `target/soak`, for the tool, what it builds, and what the targets collect.
    folder: PathBuf,
}

impl Fuzzers<'_> {
    /// A program in the root of the checkout.
    fn program_here(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.repository.root());
        command
    }

    /// `cargo fuzz VERB` on our targets, also where only this checkout has it.
    fn cargo_fuzz(&self, verb: &str) -> Result<Command> {
        let mut command = self.program_here(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let own = self.folder.join("tools/bin");
        let others = env::var_os("PATH").unwrap_or_default();
        let path: OsString = env::join_paths(env::split_paths(&others).chain([own]))?;
        command.args(["fuzz", verb, "--fuzz-dir"]).arg(self.repository.root().join("fuzz")).env("PATH", path);
        Ok(command)
    }

    /// Fetches and compiles cargo-fuzz where it is not installed.
    fn ensure_tool(&self) -> Result<()> {
        let there = self.cargo_fuzz("list")?.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if there.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        let mut install = self.program_here(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        run_command(
            install.args(["install", "cargo-fuzz", "--locked", "--root"]).arg(self.folder.join("tools")),
        )
    }

    /// Without a sanitizer: those need a nightly compiler, and what they find is misuse of memory, which safe code has
    /// none of. Panics, overflows, hangs and memory are found without.
    fn build(&self) -> Result<()> {
        let mut build = self.cargo_fuzz("build")?;
        build.args(["--sanitizer", "none", "--target-dir"]).arg(self.folder.join("fuzz"));
        // Nobody debugs the crates themselves here; one build is one build.
        run_command(build.env("CARGO_INCREMENTAL", "0"))
    }

    fn targets(&self) -> Result<Vec<String>> {
        let listed = output(&mut self.cargo_fuzz("list")?)?;
        let names: Vec<String> = String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect();
        ensure!(!names.is_empty(), "cargo fuzz lists no target");
        Ok(names)
    }

    /// Where cargo-fuzz put the program of `target`.
    fn program(&self, target: &str) -> Result<PathBuf> {
        let folder = self.folder.join("fuzz");
        let places = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        // With or without the name of the platform between.
        let mut found = places
            .filter_map(|entry| Some(entry.ok()?.path()))
            .flat_map(|place| [place.join(target), place.join("release").join(target)]);
        found.find(|path| path.is_file()).with_context(|| format!("cargo fuzz built no program {target}"))
    }

    fn fuzz(&self, target: &str, seconds: u64, seed: u64) -> Result<Fuzzed> {
        let folder = |name: &str| -> Result<PathBuf> {
            let folder = self.folder.join(name).join(target);
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            Ok(folder)
        };
        let (seeds, corpus, artifacts) = (folder("seeds")?, folder("corpus")?, folder("artifacts")?);
        let program = self.program(target)?;
        run_command(
            self.program_here(&program).env(SEEDS, &seeds).stdout(Stdio::null()).stderr(Stdio::null()),
        )?;
        let mut command = self.program_here(&program);
        command.args([&corpus, &seeds]).args(self.regressions(target));
        for flag in [
            format!("-max_total_time={seconds}"),
            format!("-seed={}", u32::try_from(seed).unwrap_or(1).max(1)),
            format!("-timeout={HANGS}"),
            format!("-rss_limit_mb={RESIDENT}"),
            format!("-artifact_prefix={}/", artifacts.display()),
            "-print_final_stats=1".to_owned(),
        ] {
            command.arg(flag);
        }
        let output =
            command.stdout(Stdio::null()).output().with_context(|| format!("cannot start {target}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        fs::write(self.folder.join(format!("{target}.log")), said.as_bytes())?;
        Ok(result(&said, output.status.success()))
    }

    /// Inputs that fell before.
    fn regressions(&self, target: &str) -> Option<PathBuf> {
        Some(self.repository.root().join("fuzz/regressions").join(target)).filter(|folder| folder.is_dir())
    }
}

/// What libFuzzer said in the end.
fn result(said: &str, ended_well: bool) -> Fuzzed {
    let number = |key: &str| {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(key));
        line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_default()
    };
    let seconds = said.lines().rev().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["Done", _, "runs", "in", seconds, "second(s)"] => seconds.parse().ok(),
            _ => None,
        }
    });
    let why = ["panicked at", "ERROR: libFuzzer", "ERROR:"];
    let why = why.iter().find_map(|key| said.lines().find(|line| line.contains(key)));
    let file = said.lines().find_map(|line| Some(line.split_once("Test unit written to ")?.1));
    let fell = (!ended_well).then(|| {
        let why = why.unwrap_or("it ended without a word").trim();
        format!("{why}; its input is in {}", file.unwrap_or("no file"))
    });
    Fuzzed { inputs: number("stat::number_of_executed_units:"), seconds: seconds.unwrap_or_default(), fell }
}

/// The name of a target is that of its file.
#[cfg(test)]
fn files(repository: &Repository) -> Vec<String> {
    let folder = repository.root().join("fuzz/fuzz_targets");
    let stem = |path: &std::path::Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    fs::read_dir(folder).unwrap().map(|entry| stem(&entry.unwrap().path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fuzzer_says_is_understood() {
        let well =
            "#2097152 pulse\nDone 2500000 runs in 31 second(s)\nstat::number_of_executed_units: 2500000\n";
        assert_eq!(result(well, true), Fuzzed { inputs: 2_500_000, seconds: 31, fell: None });
        let fell = "thread '<unnamed>' panicked at src/a.rs:7:5:\nindex out of bounds\n==9== ERROR: libFuzzer: deadly \
                    signal\nartifact_prefix='a/'; Test unit written to a/crash-12\n\
                    stat::number_of_executed_units: 17\n";
        let found = result(fell, false);
        assert_eq!(found.inputs, 17);
        let fell = found.fell.unwrap();
        assert!(fell.contains("src/a.rs:7:5") && fell.contains("a/crash-12"), "{fell}");
    }

    #[test]
    fn every_target_has_a_line_in_the_manifest() {
        let repository = Repository::find().unwrap();
        let manifest = fs::read_to_string(repository.root().join("fuzz/Cargo.toml")).unwrap();
        let manifest: toml::Table = manifest.parse().unwrap();
        let listed: std::collections::BTreeSet<String> = manifest["bin"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bin| bin["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(listed, files(&repository).into_iter().collect());
    }
}
