//! `[advgan]`: a generator is trained against victims, and attacks other networks.

use crate::small::{Small, stderr};
use bal_report::{Evaluation, Record};
use std::fs;

const HEAD: &str = r#"
dataset = "mnist"
precision = "fp32"
train_images = 280
held_out = 20
checkpoint_every = 1
"#;

const VICTIM: &str = r#"
name = "victim"
architecture = "mlp-16"
seed = 9

[erm]
schedule = { epochs = 6, batch_size = 56 }
adam = { step_size = 1e-2 }
"#;

const ADVGAN: &str = r#"
name = "generator"
architecture = "advgan-generator"
seed = 1

[advgan]
schedule = { epochs = 2, batch_size = 40 }
adam = { step_size = 2e-3 }

[advgan.generator]
radius = 0.3
loss = "margin"
loss_cap = 5.0
loss_weight = 1.0
gan_weight = 0.1
distance_weight = 0.1
distance_bound = 3.0

[advgan.victims]
experiments = ["victim.toml"]
"#;

/// The settings of an experiment, whose first lines come before its tables.
fn experiment(text: &str) -> String {
    let (first, tables) = text.split_once("\n[").unwrap();
    format!("{first}{HEAD}\n[{tables}")
}

fn small() -> Small {
    let small = Small::new();
    fs::write(small.path("victim.toml"), experiment(VICTIM)).unwrap();
    fs::write(small.path("advgan.toml"), experiment(ADVGAN)).unwrap();
    small
}

#[test]
fn a_generator_is_trained_resumed_and_attacks_and_the_record_says_whom_it_was_trained_against() {
    let small = small();
    let said = small.succeed("explain advgan.toml");
    for part in
        ["generator: advgan", "2 passes in batches of 40: 14 batches", "cost of victim, which its attack"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    small.succeed("train --experiment advgan.toml --out one --threads 1");
    let record = Record::read(&small.path("one/record.json")).unwrap();
    assert_eq!((record.method.as_str(), record.held_out), ("advgan", None));
    assert_eq!(record.sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(), ["victim"]);
    assert!(["loss", "linf", "l2"].iter().all(|curve| record.curves.contains_key(*curve)));

    // On other threads, and after a kill: the same generator.
    let there = small.path("two/checkpoint/state.safetensors");
    small.kill_when("train --experiment advgan.toml --out two --threads 3", || {
        there.is_file() && small.batches("two") > 5
    });
    small.succeed("train --resume --out two --threads 3");
    let weights = |run: &str| fs::read(small.path(run).join("posterior.safetensors")).unwrap();
    assert_eq!(weights("one"), weights("two"));

    small.succeed("train --experiment victim.toml --out victim");
    let evaluate =
        "evaluate victim --attack advgan --radius 0,0.1,0.3 --json a.json --save a.safetensors --generator";
    let output = small.bal(&format!("{evaluate} one"));
    assert!(output.status.success(), "{}", stderr(&output));
    let note = "was trained for the radius 0.3; at 0.1 its changes are scaled";
    assert!(stderr(&output).contains(note), "{}", stderr(&output));
    let made = Evaluation::read(&small.path("a.json")).unwrap();
    assert_eq!((made.attack.as_str(), made.norm.as_deref()), ("advgan", Some("linf")));
    assert_eq!(made.settings["generator"], "generator");
    assert!(made.accuracy[2] <= made.accuracy[0], "{:?}", made.accuracy);
    // The file of weights is the same generator, and what was saved is verified.
    small.succeed(&format!("{} one/posterior.safetensors", evaluate.replace("a.json", "b.json")));
    let again = Evaluation::read(&small.path("b.json")).unwrap();
    assert_eq!(made.per_image, again.per_image);
    assert!(small.succeed("evaluate victim --verify a.safetensors").contains("verified: "));
    // Another network gets the same images, and a page shows the evaluation.
    small.succeed("evaluate victim --attack advgan --generator one --radius 0.3 --threads 1 --seeds 2");
    small.succeed("report victim --evaluation a.json --out page.html");
    small.succeed("runs");
}

#[test]
fn what_does_not_fit_is_refused_in_words() {
    let small = small();
    small.succeed("train --experiment advgan.toml --out one --max-sweeps 2");
    small.succeed("train --experiment victim.toml --out victim --max-sweeps 2");
    for (arguments, said) in [
        ("evaluate victim --attack advgan --radius 0.3", "needs a generator: a run of [advgan]"),
        ("evaluate victim --attack advgan --generator one", "--radius"),
        ("evaluate victim --attack pgd --generator one --radius 0.3", "the attack pgd takes no generator"),
        (
            "evaluate victim --attack advgan --generator victim --radius 0.3",
            "the network mlp-16 is no generator",
        ),
        ("evaluate victim --attack advgan --generator none --radius 0.3", "none"),
        ("transfer victim one --attack advgan --radius 0.3", "needs a generator"),
        ("report victim --attack advgan --out page.html", "needs a generator"),
        // As a classifier a generator is refused by name.
        ("evaluate one --attack fgsm --radius 0.1", "`advgan-generator` is no classifier"),
        ("transfer victim one --attack fgsm --radius 0.3", "`advgan-generator` is no classifier"),
        ("calibrate one", "`advgan-generator` is no classifier"),
        ("report one --out page.html", "`advgan-generator` is no classifier"),
        (
            "train --experiment victim.toml --out x --set architecture=\"advgan-generator\"",
            "[erm] cannot use the network",
        ),
        (
            "train --experiment advgan.toml --out x --set architecture=\"cnn\"",
            "[advgan] cannot use the network cnn",
        ),
        (
            "train --experiment advgan.toml --out x --set advgan.victims.experiments=[]",
            "names no network to attack",
        ),
        (
            "train --experiment advgan.toml --out x --set advgan.generator.radius=2.0",
            "advgan.generator.radius = 2",
        ),
        ("train --experiment advgan.toml --out x --set advgan.victims={files=[\"one\"]}", "is no classifier"),
    ] {
        let output = small.bal(arguments);
        let error = stderr(&output);
        assert!(!output.status.success() && error.contains(said), "{arguments}: {error}");
        assert!(!error.contains("panicked"), "{arguments}: {error}");
        assert!(!small.path("x").exists(), "{arguments}");
    }
}
