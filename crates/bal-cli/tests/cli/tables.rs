//! Tables of numbers: from a CSV file to values with intervals.

use crate::small::{Small, stderr};
use serde_json::Value;
use std::{fmt::Write, fs, path::PathBuf};

/// Fewer batches than anyone would take.
const QUICK: &str =
    "--set bal.schedule.epochs=6 --set bal.samples.thinned.burn_in=2 --set bal.samples.thinned.every=2";

/// A price that follows size and age, with a column of text.
fn houses(small: &Small, rows: usize) -> PathBuf {
    let mut text = "city,size,age,price\n".to_owned();
    for row in 0..rows {
        let (size, age) = (50.0 + (row * 37 % 100) as f64, (row * 17 % 60) as f64);
        let price = 3.0 * size - 1.5 * age + (row * 29 % 11) as f64;
        writeln!(text, "Town {row},{size},{age},{price}").unwrap();
    }
    let file = small.path("houses.csv");
    fs::write(&file, text).unwrap();
    file
}

fn json(small: &Small, file: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(small.path(file)).unwrap()).unwrap()
}

#[test]
fn a_table_becomes_a_run_that_predicts_and_is_attacked() {
    let small = Small::new();
    houses(&small, 80);
    small.succeed(&format!("train --dataset houses.csv --target price --ignore city --out run {QUICK}"));
    let record = json(&small, "run/record.json");
    assert_eq!(
        (&record["name"], &record["dataset"]["train_images"]),
        (&"houses-bal-ball".into(), &72.into())
    );
    assert_eq!(record["dataset"]["test_images"], 8);

    let shown = small.succeed("evaluate run --attack pgd --radius 0,0.2 --json found.json");
    assert!(shown.contains("price of 8 rows of houses.csv") && shown.contains("RMSE"), "{shown}");
    let found = json(&small, "found.json");
    let rmse = |column: usize| found["rmse"][column].as_f64().unwrap();
    assert!(rmse(1) > rmse(0), "an attack makes errors larger");
    // The same attack again, on other threads: the same numbers.
    small.succeed("evaluate run --attack pgd --radius 0,0.2 --threads 1 --json again.json");
    assert_eq!(json(&small, "again.json")["per_row"], found["per_row"]);

    // New rows: columns in another order, one more, and no price.
    fs::write(small.path("new.csv"), "age;garden;size\n10;yes;100\n50;no;60\n").unwrap();
    let lines = small.succeed("predict run new.csv --json");
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        let (low, high) = (row["interval_95"][0].as_f64().unwrap(), row["interval_95"][1].as_f64().unwrap());
        let mean = row["mean"].as_f64().unwrap();
        assert!(low < mean && mean < high && row["target"] == "price", "{row}");
        assert!(
            row["sd_of_noise"].as_f64().unwrap() > 0.0 && row["sd_of_weights"].as_f64().unwrap() > 0.0,
            "{row}"
        );
    }
    let table = small.succeed("predict run new.csv");
    assert!(table.contains("price") && table.contains("sd of noise"), "{table}");

    // A file to begin with, which trains the same.
    small.succeed("init --dataset houses.csv --target price --ignore city --out own.toml");
    let written = fs::read_to_string(small.path("own.toml")).unwrap();
    assert!(written.contains("target = \"price\"") && written.contains("ignore = [\"city\"]"), "{written}");
    small.succeed(&format!("train --experiment own.toml --out own {QUICK}"));
    let weights = |run: &str| fs::read(small.path(run).join("posterior.safetensors")).unwrap();
    assert_eq!(weights("own"), weights("run"));

    // The file of weights alone carries names and scales; the run's own rows are noticed.
    small.succeed(
        "evaluate --weights run/posterior.safetensors --dataset houses.csv --attack pgd --json whole.json",
    );
    assert_eq!(json(&small, "whole.json")["rows"], 80);
    let said = small.bal("evaluate run --dataset houses.csv --attack pgd");
    assert!(said.status.success() && stderr(&said).contains("72 of 80 rows"), "{}", stderr(&said));
}

#[test]
fn a_killed_run_on_a_table_goes_on_to_the_same_bits() {
    let small = Small::new();
    houses(&small, 60);
    let longer = QUICK.replace("epochs=6", "epochs=40");
    let train =
        format!("train --dataset houses.csv --target price --ignore city --set checkpoint_every=1 {longer}");
    small.succeed(&format!("{train} --out one --threads 1"));
    let there = small.path("two/checkpoint/state.safetensors");
    small
        .kill_when(&format!("{train} --out two --threads 2"), || there.is_file() && small.batches("two") > 3);
    small.succeed("train --resume --out two --threads 3");
    let weights = |run: &str| fs::read(small.path(run).join("posterior.safetensors")).unwrap();
    assert_eq!(weights("one"), weights("two"));
}

#[test]
fn what_cannot_be_is_said_in_one_line() {
    let small = Small::new();
    houses(&small, 40);
    small.succeed(&format!("train --dataset houses.csv --target price --ignore city --out run {QUICK}"));
    fs::write(small.path("narrow.csv"), "size\n100\n").unwrap();
    for (words, expected) in [
        (
            "train --dataset houses.csv --target price --out no",
            "column \"city\" has \"Town 0\", which is no number",
        ),
        (
            "train --dataset houses.csv --target rent --ignore city --out no",
            "no column \"rent\" to predict; there are size, age, price",
        ),
        (
            "train --dataset houses.csv --target price --ignore street --out no",
            "no column \"street\" to ignore",
        ),
        ("train --dataset houses.csv --target price --channels 1 --out no", "--channels"),
        ("train --dataset none.csv --target price --out no", "none.csv"),
        (
            "train --dataset houses.csv --target price --ignore city --out no --set bal.data.support.unit_box=true",
            "unit_box to false",
        ),
        ("evaluate run --attack fgsm --radius 0.1", "values of a table are attacked by pgd"),
        ("evaluate run --attack pgd --loss margin", "--loss is of attacks on classes"),
        ("evaluate run --attack pgd --grid x.png", "--grid is for models that tell classes apart"),
        ("evaluate run --dataset narrow.csv --attack pgd", "no column \"age\""),
        ("predict run narrow.csv", "no column \"age\"; there are size"),
        ("predict run none.csv", "none.csv"),
        ("predict run narrow.csv --abstain-above 1", "--abstain-above is for models that tell classes apart"),
        ("calibrate run", "regression-mlp-50"),
        ("report run --out x.html", "regression-mlp-50"),
    ] {
        let said = small.bal(words);
        let error = stderr(&said);
        assert!(!said.status.success() && error.contains(expected), "{words}: {error}");
        assert!(!error.contains("panicked") && !small.path("no").exists(), "{words}: {error}");
    }
}
