//! Files of a run that were damaged, lost or cut short: nothing of it is used in silence, and there is a way out.

use crate::small::{Small, stderr};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(path, bytes).unwrap();
}

fn refused(small: &Small, arguments: &str, said: &[&str]) {
    let before = small.listing();
    let output = small.bal(arguments);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{arguments}: {error}");
    for part in said {
        assert!(error.contains(part), "{arguments}: `{part}` is not in: {error}");
    }
    assert_eq!(before, small.listing(), "{arguments}");
}

fn posterior(small: &Small, run: &str) -> Vec<u8> {
    fs::read(small.path(run).join("posterior.safetensors")).unwrap()
}

#[test]
fn a_checkpoint_with_a_flipped_bit_is_refused_and_without_it_the_run_begins_anew() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out whole");
    assert!(small.kill_when("train --experiment small.toml --out run", || small.batches("run") >= 4));
    fs::remove_file(small.path("run/.lock")).unwrap();
    let state = small.path("run/checkpoint/state.safetensors");
    flip_a_bit(&state);
    let said = ["run/checkpoint/state.safetensors", "damaged", "--resume begins the run anew"];
    refused(&small, "train --resume --out run", &said);
    fs::remove_file(&state).unwrap();
    small.succeed("train --resume --out run");
    assert!(posterior(&small, "run") == posterior(&small, "whole"));
}

#[test]
fn a_finished_run_whose_weights_are_damaged_or_gone_is_not_used() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    let path = small.path("run/posterior.safetensors");
    let whole = fs::read(&path).unwrap();
    flip_a_bit(&path);
    let attack = "--attack fgsm --radius 0";
    let damaged = ["run/posterior.safetensors is damaged", "run/record.json", "put the right file"];
    refused(&small, &format!("evaluate run {attack}"), &damaged);
    refused(&small, "train --experiment small.toml --start run --out other --set seed=2", &["--start"]);
    fs::remove_file(&path).unwrap();
    let gone = ["record of a finished run, but not its weights", "from a copy", "another folder"];
    refused(&small, &format!("evaluate run {attack}"), &gone);
    refused(&small, "train --resume --out run", &gone);
    fs::write(&path, whole).unwrap();
    small.succeed(&format!("evaluate run {attack}"));
    // What was never a run.
    fs::write(small.path("model.pt"), "").unwrap();
    fs::copy(&path, small.path("named.pt")).unwrap();
    for (file, flag) in
        [("model.pt", "--torchscript"), ("named.pt", "--weights"), ("small.toml", "--weights")]
    {
        let output = small.bal(&format!("evaluate {file} {attack}"));
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains(&format!("{file} is a file")) && error.contains(&format!("{flag} {file}")),
            "{error}"
        );
    }
}

/// `bal` where no file may grow beyond so many blocks of 512 bytes: it meets that as it would a full disk.
fn on_a_full_disk(small: &Small, blocks: u32, arguments: &str) -> Output {
    let bal = env!("CARGO_BIN_EXE_bal");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {bal} {arguments}");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(small.path("")).env("BAL_DATA", small.path("data"));
    command.output().unwrap()
}

/// The experiment, a line of metrics, a checkpoint, the weights at the end: whichever finds no room, the run goes on later from
/// what was there before, to the same bits.
#[test]
fn a_run_that_met_a_full_disk_goes_on_when_there_is_room() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out whole");
    // Killed with a checkpoint; then there is no room for the lines of metrics that are there, for half of the next ones, which
    // are cut within a line, or for the next checkpoint.
    assert!(small.kill_when("train --experiment small.toml --out run", || small.batches("run") >= 4));
    let resume = "train --resume --out run";
    let rarely = format!("{resume} --set checkpoint_every=1000");
    for (blocks, resume, said) in
        [(1, resume, "metrics.jsonl"), (3, &rarely, "metrics.jsonl"), (600, resume, "state.safetensors")]
    {
        let state = fs::read(small.path("run/checkpoint/state.safetensors")).unwrap();
        let output = on_a_full_disk(&small, blocks, resume);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("cannot write") || error.contains("too large"), "{error}");
        assert!(error.contains(said) && error.contains("`bal train --resume --out run` goes on"), "{error}");
        assert!(fs::read(small.path("run/checkpoint/state.safetensors")).unwrap() == state);
        assert!(small.listing().iter().all(|name| !name.contains("unfinished") && !name.contains(".lock")));
    }
    small.succeed("train --resume --out run");
    assert!(posterior(&small, "run") == posterior(&small, "whole"));
    let lines = bal_report::metrics::read(&small.path("run/metrics.jsonl")).unwrap();
    assert!(lines.iter().map(|line| line.sweep).eq(1..=9));

    // No checkpoint, and no room for the weights: what was trained is kept as far as it is.
    small.edit("checkpoint_every = 1", "checkpoint_every = 1000");
    let output = on_a_full_disk(&small, 600, "train --experiment small.toml --out late");
    assert!(stderr(&output).contains("posterior.safetensors"), "{}", stderr(&output));
    assert_eq!(small.batches("late"), 9);
    small.succeed("train --resume --out late");
    assert!(posterior(&small, "late") == posterior(&small, "whole"));
}
