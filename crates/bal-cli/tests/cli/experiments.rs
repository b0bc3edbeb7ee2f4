//! `bal init` and `bal explain`.

use crate::small::{Small, stderr};
use std::fs;

#[test]
fn an_experiment_that_was_written_is_explained_and_trains() {
    let small = Small::new();
    let few = "--set train_images=60 --set wrm.schedule.epochs=1 --set wrm.schedule.batch_size=30";
    assert_eq!(small.succeed(&format!("init --method wrm --out my.toml {few}")), "my.toml\n");
    let text = fs::read_to_string(small.path("my.toml")).unwrap();
    for part in
        ["# Seed of all randomness", "[wrm.ascent]", "experiment = \"my-start.toml\"", "batch_size = 30"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let start = fs::read_to_string(small.path("my-start.toml")).unwrap();
    fs::write(small.path("my-start.toml"), start.replace("60000", "60").replace("epochs = 15", "epochs = 1"))
        .unwrap();

    let said = small.succeed("explain my.toml");
    for part in [
        "mnist-wrm: wrm",
        "110634 weights",
        "60 training images, 1 passes in batches of 30: 2 batches",
        "wrm.ascent.loss_weight",
        "18 gradients of the loss for each training image, 1.08e3 in all",
        "cost of my-start, which it starts from",
        "threads, at",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let untimed = small.succeed("explain my.toml --no-timing");
    assert!(!untimed.contains("threads, at"));
    // Named as `train` takes it.
    assert_eq!(small.succeed("explain --experiment my.toml --no-timing"), untimed);
    small.succeed("train --experiment my.toml --out run");
    assert!(small.succeed("explain run --no-timing").contains("mnist-wrm: wrm"));
}

#[test]
fn a_small_last_batch_with_longer_steps_is_pointed_out_before_training() {
    let small = Small::new();
    let said = |more: &str| small.succeed(&format!("explain small.toml --no-timing {more}"));
    let mean = "--set bal.data.loss_scale=batch_mean";
    assert!(!said("").contains("last batch"));
    let few = said(&format!("{mean} --set train_images=200"));
    assert!(few.contains("the last batch of an epoch has 8 of 96 images"), "{few}");
    assert!(few.contains("12.0 times as long"), "{few}");
    // 280 images leave 88: hardly fewer.
    assert!(!said(mean).contains("last batch"));
}

#[test]
fn the_second_of_two_files_is_written_where_the_first_is_there_with_the_same_bytes() {
    let small = Small::new();
    small.succeed("init --out my.toml");
    let whole = small.listing();
    fs::remove_file(small.path("my.toml")).unwrap();
    small.succeed("init --out my.toml");
    assert_eq!(whole, small.listing());
    // Nothing is left to do.
    small.succeed("init --out my.toml");
    fs::write(small.path("my.toml"), "changed").unwrap();
    assert!(stderr(&small.bal("init --out my.toml")).contains("my.toml exists"));
}

#[test]
fn a_file_that_is_there_is_not_written_over_and_unknown_methods_are_named() {
    let small = Small::new();
    fs::write(small.path("my-start.toml"), "mine").unwrap();
    let before = small.listing();
    for (arguments, said) in [
        ("init --out my.toml", "my-start.toml exists"),
        ("init --method trades", "bal-released"),
        ("init --method pgd --out no/where.toml", "no/where"),
        ("init --dataset nowhere", "there is no data set nowhere"),
        ("explain nowhere.toml", "nowhere.toml"),
        ("explain small.toml --set seeed=1", "seeed"),
    ] {
        let output = small.bal(arguments);
        let error = stderr(&output);
        assert!(!output.status.success() && error.contains(said), "{arguments}: {error}");
        assert_eq!(before, small.listing(), "{arguments}");
    }
}
