//! `bal runs`: what it says of finished, begun and broken runs.

use crate::small::{Small, stderr};
use serde_json::Value;
use std::fs;

fn listed(small: &Small, arguments: &str) -> Value {
    serde_json::from_str(&small.succeed(&format!("runs --json {arguments}"))).unwrap()
}

/// A run that was killed after its third batch.
fn begin(small: &Small, out: &str) {
    let train = format!("train --experiment small.toml --out {out}");
    assert!(small.kill_when(&train, || small.batches(out) >= 3), "it ended before it was killed");
}

#[test]
fn runs_of_every_state_are_listed_and_named_ones_compared() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out runs/one");
    small.succeed(
        "train --experiment small.toml --out runs/deep/two --seed 2 --set bal.data.steps=1 --max-sweeps 6",
    );
    begin(&small, "runs/half");
    fs::create_dir(small.path("runs/broken")).unwrap();
    fs::write(small.path("runs/broken/record.json"), "{}").unwrap();
    fs::create_dir(small.path("runs/kept")).unwrap();
    fs::copy(small.path("runs/one/record.json"), small.path("runs/kept/record.json")).unwrap();

    let all = listed(&small, "");
    let states: Vec<(&str, &str)> = (all["runs"].as_array().unwrap().iter())
        .map(|run| (run["path"].as_str().unwrap(), run["state"].as_str().unwrap()))
        .collect();
    let expected = [
        ("runs/broken", "broken"),
        ("runs/deep/two", "finished"),
        ("runs/half", "begun"),
        ("runs/kept", "record"),
        ("runs/one", "finished"),
    ];
    assert_eq!(states, expected);
    assert_eq!(all["differences"], Value::Array(vec![]));
    let record = bal_report::Record::read(&small.path("runs/one/record.json")).unwrap();
    let one = &all["runs"][4];
    assert_eq!((&one["method"], &one["dataset"], &one["seed"]), (&"bal".into(), &"mnist".into(), &1.into()));
    assert_eq!(one["held_out"].as_f64(), record.held_out);
    assert_eq!(one["r_hat"]["max"].as_f64(), record.diagnostics.unwrap().r_hat.map(|summary| summary.max));
    assert_eq!(one["wall_seconds"].as_f64(), Some(record.wall_seconds));
    assert_eq!((&all["runs"][1]["sweeps"], &all["runs"][1]["stopped_early"]), (&6.into(), &true.into()));
    let half = &all["runs"][2];
    let (sweeps, kept) = (half["sweeps"].as_u64().unwrap(), half["checkpoint"].as_u64().unwrap());
    assert!(sweeps >= 3 && (sweeps - 1..=sweeps).contains(&kept), "{half}");
    assert_eq!((&half["sweeps_planned"], &half["method"]), (&9.into(), &"bal".into()));
    assert!(all["runs"][0]["problem"].as_str().unwrap().contains("record.json"));

    let compared = listed(&small, "runs/one runs/deep/two");
    let differences = compared["differences"].as_array().unwrap();
    let keys: Vec<&str> = differences.iter().map(|difference| difference["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["bal.data.steps", "seed"]);
    assert_eq!(differences[0]["values"], serde_json::json!([2, 1]));

    let output = small.bal("runs runs/one runs/deep/two runs/half");
    let told = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("run ") && lines[1].contains("finished") && lines[2].contains("ended at 6/9")
    );
    assert!(lines[3].contains(&format!("begun, {sweeps}/9, kept {kept}")), "{told}");
    assert!(lines[5].starts_with("setting") && lines[6].starts_with("bal.data.steps"), "{told}");
    assert_eq!(lines[6].split_whitespace().skip(1).collect::<Vec<_>>(), ["2", "1", "2"]);
    let output = small.bal("runs");
    assert!(output.status.success() && stderr(&output).contains("runs/broken: "), "{}", stderr(&output));
    let same = small.succeed("runs runs/one runs/kept");
    assert!(same.contains("all settings are the same"), "{same}");
}

#[test]
fn no_runs_are_no_error_and_no_folder_is() {
    let small = Small::new();
    fs::create_dir(small.path("runs")).unwrap();
    assert_eq!(small.succeed("runs"), "no runs\n");
    let output = small.bal("runs nowhere");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there is no folder nowhere"), "{}", stderr(&output));
}
