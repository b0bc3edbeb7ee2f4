//! Training against other networks: they are trained or read first, kept until the run ends, and named in its record.

use crate::small::{Small, stderr};
use bal_report::Record;
use std::{fs, path::PathBuf};

/// A network that is trained first.
const SOURCE: &str = r#"
name = "source"
dataset = "mnist"
architecture = "mlp-16"
precision = "fp32"
seed = 9
train_images = 280
held_out = 20
checkpoint_every = 1

[erm]
schedule = { epochs = 2, batch_size = 96 }
adam = { step_size = 1e-2 }
"#;

/// One that is trained against it and itself.
const ENSEMBLE: &str = r#"
name = "ensemble"
dataset = "mnist"
architecture = "mlp-24"
precision = "fp32"
seed = 1
train_images = 280
held_out = 20
checkpoint_every = 1

[adversarial_training]
schedule = { epochs = 6, batch_size = 40 }
adam = { step_size = 1e-2 }
clean_weight = 0.5
labels = "predicted"

[adversarial_training.attack]
name = "fgsm"
radius = 0.1

[adversarial_training.attack.settings]
norm = "linf"
ensemble_gradient = "predictive"
random_step = 0.25

[adversarial_training.sources]
experiments = ["source.toml"]
include_self = true
"#;

fn small() -> Small {
    let small = Small::new();
    fs::create_dir(small.path("experiments")).unwrap();
    put(&small, "source", SOURCE);
    put(&small, "ensemble", ENSEMBLE);
    small
}

fn put(small: &Small, name: &str, text: &str) {
    fs::write(small.path("experiments").join(format!("{name}.toml")), text).unwrap();
}

fn posterior(small: &Small, run: &str) -> Vec<u8> {
    fs::read(small.path(run).join("posterior.safetensors")).unwrap()
}

/// Folders of runs that were trained first.
fn cached(small: &Small) -> Vec<PathBuf> {
    let entries = fs::read_dir(small.path("runs/cache")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

const TRAIN: &str = "train --experiment experiments/ensemble.toml --out";

#[test]
fn sources_are_trained_first_shared_by_all_seeds_and_named_in_the_record() {
    let small = small();
    let output = small.bal(&format!("{TRAIN} one --threads 1"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("first source, for the attack"), "{}", stderr(&output));
    small.succeed(&format!("{TRAIN} three --threads 3"));
    small.succeed(&format!("{TRAIN} other --seed 2"));
    assert!(posterior(&small, "one") == posterior(&small, "three"));
    assert!(posterior(&small, "one") != posterior(&small, "other"));

    let found = cached(&small);
    assert_eq!(found.len(), 1, "{found:?}");
    let source = Record::read(&found[0].join("record.json")).unwrap();
    assert_eq!(source.seed, 9);
    for run in ["one", "other"] {
        let record = Record::read(&small.path(run).join("record.json")).unwrap();
        let [named] = &record.sources[..] else { panic!("{:?}", record.sources) };
        assert_eq!(named.name, "source");
        assert_eq!(named.digest, source.digests["posterior.safetensors"]);
        assert!(!small.path(run).join("checkpoint").exists());
    }

    // The same network by its file, beside the experiment, or by its run.
    fs::rename(&found[0], small.path("experiments/run")).unwrap();
    for named in ["run", "run/posterior.safetensors"] {
        let text = ENSEMBLE.replace(r#"experiments = ["source.toml"]"#, &format!(r#"files = ["{named}"]"#));
        put(&small, "by-file", &text);
        small.succeed("train --experiment experiments/by-file.toml --out by-file");
        assert!(posterior(&small, "one") == posterior(&small, "by-file"), "{named}");
        fs::remove_dir_all(small.path("by-file")).unwrap();
    }

    // Which networks these are matters, and so does whether the one in training is one of them.
    put(&small, "source", &SOURCE.replace("seed = 9", "seed = 10"));
    small.succeed(&format!("{TRAIN} another-source"));
    put(&small, "source", SOURCE);
    put(&small, "ensemble", &ENSEMBLE.replace("include_self = true", "include_self = false"));
    small.succeed(&format!("{TRAIN} not-itself"));
    for run in ["another-source", "not-itself"] {
        assert!(posterior(&small, "one") != posterior(&small, run), "{run}");
    }
}

#[test]
fn a_killed_run_goes_on_with_the_sources_that_it_kept() {
    let small = small();
    small.succeed(&format!("{TRAIN} whole --threads 1"));
    assert!(small.kill_when(&format!("{TRAIN} run"), || small.batches("run") >= 3), "it was too quick");
    // It needs neither the run that was trained first nor its experiment any more.
    fs::remove_dir_all(small.path("runs")).unwrap();
    fs::remove_dir_all(small.path("experiments")).unwrap();
    small.succeed("train --resume --out run --threads 3");
    assert!(posterior(&small, "whole") == posterior(&small, "run"));
    let record = |run: &str| Record::read(&small.path(run).join("record.json")).unwrap();
    assert_eq!(record("whole").sources, record("run").sources);
    assert!(!small.path("run/checkpoint").exists());
}

#[test]
fn a_source_that_is_no_longer_the_one_a_run_began_with_is_refused() {
    let small = small();
    assert!(small.kill_when(&format!("{TRAIN} run"), || small.batches("run") >= 3), "it was too quick");
    let kept = small.path("run/checkpoint/source-0.safetensors");
    let mut bytes = fs::read(&kept).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&kept, bytes).unwrap();
    let output = small.bal("train --resume --out run");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("is not what the run began with"), "{}", stderr(&output));
}

#[test]
fn a_source_that_cannot_be_attacked_is_refused_before_anything_is_trained() {
    let small = small();
    small.succeed("train --experiment experiments/source.toml --out experiments/source");
    let sources = |line: &str| ENSEMBLE.replace(r#"experiments = ["source.toml"]"#, line);
    put(&small, "nested", &ENSEMBLE.replace("name = \"ensemble\"", "name = \"nested\""));
    fs::write(small.path("experiments/model.pt"), b"PK and more than nine bytes").unwrap();
    for (text, said) in [
        (sources(""), "[adversarial_training.sources] names no network"),
        (sources(r#"files = ["absent.safetensors"]"#), "absent.safetensors cannot be a source"),
        (
            sources(r#"files = ["model.pt"]"#),
            "PyTorch saved it as a network, and files of weights are wanted",
        ),
        (sources(r#"experiments = ["absent.toml"]"#), "absent.toml"),
        (sources(r#"experiments = ["nested.toml"]"#), "nested.toml has sources itself"),
        (ENSEMBLE.replace("include_self = true", ""), "include_self"),
        (ENSEMBLE.replace("\"predicted\"", "\"guessed\""), "guessed"),
        (ENSEMBLE.replace("random_step = 0.25", "random_step = 1.0"), "random_step must be >= 0 and < 1"),
    ] {
        put(&small, "ensemble", &text);
        let output = small.bal(&format!("{TRAIN} run"));
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
        assert!(!small.path("run").exists() && cached(&small).is_empty(), "{said}");
    }
    // Of other classes, and of images of another shape.
    small.succeed("export mnist --limit 40 --out digits");
    for part in ["train", "test"] {
        fs::rename(small.path("digits").join(part).join("0"), small.path("digits").join(part).join("nought"))
            .unwrap();
    }
    for (size, said) in
        [("28,28", "it was trained on other classes"), ("14,14", "images of shape [1, 14, 14]")]
    {
        let own = "train --experiment experiments/source.toml --set held_out=0 --channels 1 --max-sweeps 1";
        small.succeed(&format!("{own} --dataset digits --image-size {size} --out experiments/own"));
        put(&small, "ensemble", &sources(r#"files = ["own"]"#));
        let output = small.bal(&format!("{TRAIN} run"));
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
        fs::remove_dir_all(small.path("experiments/own")).unwrap();
    }
}
