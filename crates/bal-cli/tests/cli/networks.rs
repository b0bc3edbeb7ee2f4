//! Several networks in one posterior, from an experiment to what is said of it.

use crate::small::{Small, stderr};
use bal_report::{Evaluation, Record, RunDiagnosis};
use std::fs;

/// What a network starts from.
fn start(small: &Small, name: &str, architecture: &str) {
    let text = format!(
        "name = {name:?}\ndataset = \"mnist\"\narchitecture = {architecture:?}\nprecision = \"fp32\"\nseed = 1\n\
         train_images = 280\nheld_out = 20\ncheckpoint_every = 1\n\n[erm]\n\
         schedule = {{ epochs = 1, batch_size = 96 }}\nadam = {{ step_size = 1e-3 }}\n"
    );
    fs::write(small.path(&format!("{name}.toml")), text).unwrap();
}

/// A chain of each of two networks.
fn mixed(starts: bool) -> Small {
    let small = Small::new();
    small.edit("architecture = \"cnn\"\n", "");
    let network = |architecture: &str, file: &str| {
        let start = if starts { format!("start = \"{file}.toml\"\n") } else { String::new() };
        format!("\n[[networks]]\narchitecture = {architecture:?}\nchains = 1\n{start}")
    };
    let text = fs::read_to_string(small.path("small.toml")).unwrap();
    let networks = network("cnn", "first") + &network("mlp-8", "second");
    fs::write(small.path("small.toml"), text + &networks).unwrap();
    start(&small, "first", "cnn");
    start(&small, "second", "mlp-8");
    small
}

fn posterior(small: &Small, run: &str) -> Vec<u8> {
    fs::read(small.path(run).join("posterior.safetensors")).unwrap()
}

#[test]
fn two_networks_train_resume_evaluate_and_are_diagnosed_each_by_itself() {
    let small = mixed(false);
    small.succeed("train --experiment small.toml --out whole --threads 2");
    small.kill_when("train --experiment small.toml --out part", || small.batches("part") >= 5);
    small.succeed("train --resume --out part --threads 1");
    assert_eq!(posterior(&small, "whole"), posterior(&small, "part"));

    small.succeed("evaluate whole --attack fgsm --radius 0,0.1 --json all.json");
    let all = Evaluation::read(&small.path("all.json")).unwrap();
    assert_eq!((all.model.architecture.as_deref(), all.model.chains), (Some("cnn,mlp-8"), 4));
    small.succeed("evaluate whole --members 3 --attack fgsm --radius 0 --json last.json");
    let last = Evaluation::read(&small.path("last.json")).unwrap();
    assert_eq!(last.model.architecture.as_deref(), Some("mlp-8"));

    let text = small.succeed("diagnose whole --json d.json");
    let found = RunDiagnosis::read(&small.path("d.json")).unwrap();
    let weights = found.groups.iter().find(|group| group.name == "weights").unwrap();
    for network in ["weight:cnn.0/conv1.weight[", "weight:mlp-8.1/fc1.weight["] {
        assert!(weights.quantities.iter().any(|q| q.name.starts_with(network)), "{network}");
    }
    assert!(weights.quantities.iter().all(|q| (q.chains, q.draws) == (1, 2)), "{text}");
    small.succeed("explain small.toml --no-timing");
    small.succeed("report whole --evaluation all.json --out page.html");
}

#[test]
fn each_network_starts_from_the_run_that_it_names() {
    let small = mixed(true);
    small.succeed("train --experiment small.toml --out run");
    let start = Record::read(&small.path("run").join("record.json")).unwrap().start.unwrap();
    assert_eq!(start.name, "first, second");
    small.kill_when("train --experiment small.toml --out part", || small.batches("part") >= 5);
    small.succeed("train --resume --out part");
    assert_eq!(posterior(&small, "run"), posterior(&small, "part"));

    let output = small.bal("train --experiment small.toml --out other --start run");
    assert!(!output.status.success() && stderr(&output).contains("several networks"), "{}", stderr(&output));
}

#[test]
fn experiments_that_contradict_themselves_are_refused_before_anything_is_made() {
    let first = "[start]\nexperiment = \"first.toml\"\n\n[bal]";
    for (old, new, said) in [
        ("name = \"small\"", "name = \"small\"\narchitecture = \"cnn\"", "exclude each other"),
        (
            "parameter_chains = 2",
            "parameter_chains = 3",
            "parameter_chains is 3, but the chains of `[[networks]]` are 2 together",
        ),
        ("[bal]", first, "each of them has its own `start`"),
        ("chains = 1\n\n", "chains = 1\nstart = \"first.toml\"\n\n", "1 of 2 `[[networks]]` have a `start`"),
        ("architecture = \"mlp-8\"", "architecture = \"mlp-x\"", "mlp-x"),
    ] {
        let small = mixed(false);
        small.edit(old, new);
        let output = small.bal("train --experiment small.toml --out run");
        assert!(!output.status.success(), "{new}");
        assert!(stderr(&output).contains(said), "{new}: {}", stderr(&output));
        assert!(!small.path("run").exists(), "{new}");
    }
    let small = Small::new();
    small.edit("architecture = \"cnn\"\n", "");
    let error = stderr(&small.bal("train --experiment small.toml --out run"));
    assert!(error.contains("`architecture` or `[[networks]]` is needed"), "{error}");
}
