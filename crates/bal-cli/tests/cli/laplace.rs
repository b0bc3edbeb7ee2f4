//! `[laplace]`: networks drawn around trained weights.

use crate::small::{Small, stderr};
use serde_json::Value;
use std::fs;

const HEAD: &str = r#"
dataset = "mnist"
architecture = "cnn"
precision = "fp32"
seed = 1
train_images = 280
held_out = 20
checkpoint_every = 1
"#;

const ERM: &str = "
[erm]
schedule = { epochs = 2, batch_size = 56 }
adam = { step_size = 1e-3 }
";

const LAPLACE: &str = r#"
[start]
experiment = "erm.toml"

[laplace]
structure = "diagonal"
images = 200
batch_size = 8
members = 3
search = { scales = [10.0, 300.0], precisions = [10.0, 1000.0] }
"#;

fn small() -> Small {
    let small = Small::new();
    fs::write(small.path("erm.toml"), format!("name = \"erm\"{HEAD}{ERM}")).unwrap();
    fs::write(small.path("laplace.toml"), format!("name = \"around\"{HEAD}{LAPLACE}")).unwrap();
    small
}

#[test]
fn networks_are_drawn_around_the_start_and_the_record_says_from_what() {
    let small = small();
    let said = small.succeed("explain laplace.toml --no-timing");
    for part in ["around: laplace", "280 training images, 200 of them once in batches of 8: 25 batches"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    small.succeed("train --experiment laplace.toml --out one --threads 1");
    let record: Value =
        serde_json::from_str(&fs::read_to_string(small.path("one/record.json")).unwrap()).unwrap();
    let fit = &record["laplace"];
    assert_eq!((&fit["structure"], &fit["images"]), (&"diagonal".into(), &200.into()));
    assert_eq!(fit["tried"].as_array().unwrap().len(), 4);
    assert!([10.0, 300.0].contains(&fit["scale"].as_f64().unwrap()));
    assert_eq!(record["method"], "laplace");

    // On other threads, and after a kill: the same networks.
    let there = small.path("two/checkpoint/state.safetensors");
    small.kill_when("train --experiment laplace.toml --out two --threads 3", || {
        there.is_file() && small.batches("two") > 3
    });
    small.succeed("train --resume --out two --threads 3");
    let weights = |run: &str| fs::read(small.path(run).join("posterior.safetensors")).unwrap();
    assert_eq!(weights("one"), weights("two"));

    // An ordinary posterior.
    let shown = small.succeed("evaluate one --attack fgsm --radius 0,0.1 --limit 20 --json one.json");
    assert!(shown.contains("0.1"), "{shown}");
}

#[test]
fn held_out_images_that_the_start_was_trained_on_are_pointed_out() {
    let small = small();
    let note = "erm, which the run starts from, was trained on 20 of the 20 held-out images";
    let apart = small.bal("train --experiment laplace.toml --out apart");
    assert!(apart.status.success() && !stderr(&apart).contains(note), "{}", stderr(&apart));
    let all = HEAD.replace("train_images = 280\nheld_out = 20", "train_images = 300\nheld_out = 0");
    fs::write(small.path("erm.toml"), format!("name = \"erm\"{all}{ERM}")).unwrap();
    let seen = small.bal("train --experiment laplace.toml --out seen");
    assert!(seen.status.success() && stderr(&seen).contains(note), "{}", stderr(&seen));
    // Where nothing is chosen by them there is nothing to say.
    let given = LAPLACE.replace("search = {", "scale = 10.0\nprecision = 10.0\n# {");
    fs::write(small.path("laplace.toml"), format!("name = \"around\"{HEAD}{given}")).unwrap();
    let given = small.bal("train --experiment laplace.toml --out given");
    assert!(given.status.success() && !stderr(&given).contains(note), "{}", stderr(&given));
}

#[test]
fn what_cannot_be_drawn_around_is_refused_before_anything_is_trained() {
    let small = small();
    fs::write(small.path("alone.toml"), {
        let alone = LAPLACE.replace("[start]\nexperiment = \"erm.toml\"", "");
        format!("name = \"alone\"{HEAD}{alone}")
    })
    .unwrap();
    for (arguments, said) in [
        ("--experiment laplace.toml --set architecture=\"stn\"", "[laplace] cannot use the network stn"),
        ("--experiment laplace.toml --set held_out=0", "[laplace.search] needs held-out images"),
        ("--experiment laplace.toml --set laplace.images=281", "laplace.images = 281"),
        ("--experiment laplace.toml --set laplace.members=0", "laplace.members = 0"),
        ("--experiment alone.toml", "[laplace] needs a [start]"),
    ] {
        let output = small.bal(&format!("train {arguments} --out run"));
        let error = stderr(&output);
        assert!(!output.status.success() && error.contains(said), "{arguments}: {error}");
        assert!(!small.path("runs").exists() && !small.path("run").exists(), "{arguments}");
    }
}
