//! `bal diagnose`: whether chains agree.

use crate::small::{Small, stderr};
use serde_json::Value;
use std::fs;

#[test]
fn chains_are_diagnosed_by_what_the_run_kept() {
    let small = Small::new();
    small.edit("burn_in = 2, every = 3", "burn_in = 1, every = 2");
    small.succeed("train --experiment small.toml --out run");
    let said = small.succeed("diagnose run --json run.json --weights conv1.weight[3],fc2.bias");
    for part in [
        "2 parameter chains, 9 sweeps",
        "image 0",
        "conv1.weight[3]",
        "fc2.bias",
        "parameter energy",
        "sgadald, step size 0.01",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let json: Value = serde_json::from_slice(&fs::read(small.path("run.json")).unwrap()).unwrap();
    let quantities = json["quantities"].as_array().unwrap();
    // Four images, two weights, loss and two energies.
    assert_eq!(quantities.len(), 9);
    assert_eq!((&quantities[0]["chains"], &quantities[0]["draws"]), (&Value::from(2), &Value::from(9)));
    assert_eq!(
        (&quantities[4]["name"], &quantities[4]["draws"]),
        (&Value::from("conv1.weight[3]"), &Value::from(4))
    );
    assert!(json["verdict"].as_str().unwrap().contains("R-hat"));
    assert!(said.trim_end().ends_with(json["verdict"].as_str().unwrap()));

    // A run from before draws were kept, or without: said, and the rest is done.
    fs::remove_file(small.path("run/traces.safetensors")).unwrap();
    let said = small.succeed("diagnose run");
    assert!(said.contains("note: held-out log-probabilities were not followed"), "{said}");
}

#[test]
fn a_posterior_of_few_samples_says_so_and_what_has_no_chains_is_refused() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    assert!(small.succeed("diagnose run").contains("the posterior holds 4 samples of 2 chains"));
    let erm = "name = \"erm\"\ndataset = \"mnist\"\narchitecture = \"cnn\"\nseed = 1\ntrain_images = 280\n\
               held_out = 20\ncheckpoint_every = 5\n[erm]\nschedule = { epochs = 1, batch_size = 96 }\n\
               adam = { step_size = 1e-3 }\n";
    fs::write(small.path("erm.toml"), erm).unwrap();
    small.succeed("train --experiment erm.toml --out erm");
    for (arguments, said) in [
        ("diagnose erm", "a point estimate has no chains"),
        ("diagnose nowhere", "there is no run at nowhere"),
        ("diagnose run --weights conv9.weight", "no weight conv9.weight"),
        ("diagnose run --weights fc2.bias[10]", "fc2.bias holds 10 numbers"),
        ("diagnose run --weights fc2.bias[x]", "conv1.weight[7]"),
        ("diagnose run --json no/where.json", "cannot write"),
    ] {
        let output = small.bal(arguments);
        let error = stderr(&output);
        assert!(!output.status.success() && error.contains(said), "{arguments}: {error}");
    }
}
