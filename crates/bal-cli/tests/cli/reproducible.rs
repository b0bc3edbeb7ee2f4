//! The same experiment and seed give the same bits: on any number of threads, and after a kill.

use crate::small::Small;
use bal_data::Digest;
use std::{fs, path::Path};

fn digest(run: &Path) -> String {
    Digest::of(&fs::read(run.join("posterior.safetensors")).unwrap()).to_string()
}

#[test]
fn threads_change_no_bit_and_the_seed_changes_all() {
    let small = Small::new();
    let train = |flags: &str, out: &str| {
        small.succeed(&format!("train --experiment small.toml --out {out} {flags}"));
        digest(&small.path(out))
    };
    let one = train("--threads 1", "one");
    assert_eq!(one, train("--threads 2", "two"));
    assert_eq!(one, train("--threads 3", "three"));
    assert_ne!(one, train("--threads 2 --seed 2", "other"));
    let record = |out: &str| bal_report::Record::read(&small.path(out).join("record.json")).unwrap();
    let (first, other) = (record("one"), record("other"));
    assert_eq!((first.seed, other.seed), (1, 2));
    assert_eq!((first.sweeps, first.sweeps_planned, first.stopped_early), (9, 9, false));
    assert_eq!(first.curves["loss"].len(), 9);
    assert!(first.held_out.is_some() && first.diagnostics.is_some());
    assert!((first.units["parameters.posterior_temperature"] - 280.0 * 1e-5).abs() < 1e-12);
}

/// Batches of 96 images are two shards, or one launch for both chains. What a device computes, by the program and on a processor.
#[test]
fn whole_batches_are_the_same_run_up_to_rounding_with_either_generator() {
    let small = Small::new();
    for generator in ["chacha8", "philox"] {
        if generator == "philox" {
            small.edit("seed = 1", "noise_generator = \"philox\"\nseed = 1");
        }
        let train = |flags: &str, out: &str| {
            let out = format!("{generator}-{out}");
            small.succeed(&format!("train --experiment small.toml --out {out} --max-sweeps 6 {flags}"));
            let metrics = bal_report::metrics::read(&small.path(&out).join("metrics.jsonl")).unwrap();
            let record = bal_report::Record::read(&small.path(&out).join("record.json")).unwrap();
            let first = &metrics[0];
            let numbers = [Some(first.loss), first.linf, first.l2, first.data_energy, first.parameter_energy];
            (numbers.map(Option::unwrap), record, digest(&small.path(&out)))
        };
        let (shards, cut, _) = train("", "shards");
        let (whole, uncut, bits) = train("--whole-batches --threads 1", "whole");
        for (whole, shards) in whole.into_iter().zip(shards) {
            assert!((whole - shards).abs() < 1e-5 * shards.abs().max(1.0), "{whole} for {shards}");
        }
        assert_eq!(bits, train("--whole-batches --threads 3", "again").2);
        assert_eq!(cut.versions.get("batches"), None);
        assert!(uncut.versions["batches"].contains("one launch"));
        assert_eq!(uncut.experiment.get("noise_generator").is_some(), generator == "philox");
    }
}

/// Kills a run at three different moments; each time it goes on to the weights of a run that was
/// left alone, and its metrics have every batch once.
#[test]
fn a_killed_run_goes_on_to_the_same_bits() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out whole");
    for lines in [1, 4, 8] {
        let out = format!("killed-{lines}");
        small.kill_when(&format!("train --experiment small.toml --out {out}"), || {
            small.batches(&out) >= lines
        });
        small.succeed(&format!("train --resume --out {out}"));
        assert_eq!(digest(&small.path("whole")), digest(&small.path(&out)));
        let sweeps: Vec<u64> = bal_report::metrics::read(&small.path(&out).join("metrics.jsonl"))
            .unwrap()
            .iter()
            .map(|l| l.sweep)
            .collect();
        assert_eq!(sweeps, (1..=9).collect::<Vec<_>>());
        assert!(!small.path(&out).join("checkpoint").exists());
    }
}

#[test]
fn a_run_ended_early_says_so_and_a_finished_one_is_left_alone() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out early --max-sweeps 6 --quick");
    let record = bal_report::Record::read(&small.path("early/record.json")).unwrap();
    assert_eq!((record.sweeps, record.sweeps_planned, record.stopped_early), (6, 9, true));
    assert!(record.quick && (record.epochs - 2.0).abs() < 1e-12);
    let before = digest(&small.path("early"));
    let output = small.bal("train --experiment small.toml --out early --resume");
    assert!(output.status.success());
    assert_eq!(before, digest(&small.path("early")));
}

/// The start is trained inline once, is kept for the next run, and its digest is in the record.
#[test]
fn a_start_is_trained_once_and_found_again() {
    let small = Small::new();
    let first = "name = \"first\"\ndataset = \"mnist\"\narchitecture = \"cnn\"\nseed = 9\ntrain_images = 280\n\
                 held_out = 20\ncheckpoint_every = 5\n[erm]\nschedule = { epochs = 1, batch_size = 96 }\n\
                 adam = { step_size = 1e-3 }\n";
    fs::write(small.path("first.toml"), first).unwrap();
    small.edit("[bal]\n", "[start]\nexperiment = \"first.toml\"\n[bal]\n");
    small.succeed("train --experiment small.toml --out one");
    let cache: Vec<_> = fs::read_dir(small.path("runs/cache")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(cache.len(), 1);
    let made = fs::metadata(cache[0].join("posterior.safetensors")).unwrap().modified().unwrap();
    small.succeed("train --experiment small.toml --out two");
    assert_eq!(made, fs::metadata(cache[0].join("posterior.safetensors")).unwrap().modified().unwrap());
    assert_eq!(digest(&small.path("one")), digest(&small.path("two")));
    small.succeed(&format!("train --experiment small.toml --out three --start {}", cache[0].display()));
    assert_eq!(digest(&small.path("one")), digest(&small.path("three")));
    let record = bal_report::Record::read(&small.path("three/record.json")).unwrap();
    let start = record.start.unwrap();
    assert_eq!((start.name.as_str(), start.digest), ("first", digest(&cache[0])));
    // With another seed the start is another one.
    small.succeed("train --experiment small.toml --out four --seed 2");
    assert_eq!(fs::read_dir(small.path("runs/cache")).unwrap().count(), 2);
}

#[test]
fn event_files_are_written_beside_the_metrics_when_asked_for() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out plain");
    assert!(!small.path("plain/tensorboard").exists());
    small.succeed("train --experiment small.toml --out run --tensorboard");
    let files: Vec<_> =
        fs::read_dir(small.path("run/tensorboard")).unwrap().map(|e| e.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert!(files[0].to_string_lossy().contains("tfevents"));
    let bytes = fs::read(&files[0]).unwrap();
    for key in ["loss", "linf", "l2", "data_energy", "parameter_energy"] {
        let count = bytes.windows(key.len()).filter(|window| *window == key.as_bytes()).count();
        assert!(count >= 9, "{key}: {count}");
    }
    assert_eq!(digest(&small.path("plain")), digest(&small.path("run")));

    // A run that has an event file goes on with it, asked or not.
    assert!(small.kill_when("train --experiment small.toml --out killed --tensorboard", || {
        small.batches("killed") >= 3
    }));
    small.succeed("train --resume --out killed");
    let files: Vec<_> =
        fs::read_dir(small.path("killed/tensorboard")).unwrap().map(|e| e.unwrap().path()).collect();
    let bytes = fs::read(&files[0]).unwrap();
    let count = bytes.windows(11).filter(|window| *window == b"data_energy").count();
    assert_eq!((files.len(), count), (1, 9));
}
