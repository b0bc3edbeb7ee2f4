//! Bad input: one clear error that names the thing, the right exit code, nothing half-written.

use crate::small::{Small, TRAIN, idx, stderr};
use std::{fs, os::unix::fs::PermissionsExt, process::Command};

/// Runs `bal`, which has to fail with `code`, in one line with every one of `said`, leaving no file.
fn refused(small: &Small, arguments: &str, code: i32, said: &[&str]) {
    let before = small.listing();
    let output = small.bal(arguments);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments}: {error}");
    for part in said {
        assert!(error.contains(part), "{arguments}: `{part}` is not in: {error}");
    }
    let reasons: Vec<&str> = error.trim().split(": ").collect();
    assert!(reasons.windows(2).all(|pair| pair[0] != pair[1]), "a reason is given twice: {error}");
    assert!(!error.contains("panicked") && !error.contains("internal fault"), "{error}");
    assert_eq!(before, small.listing(), "{arguments} left something behind");
}

#[test]
fn wrong_flags_are_usage_errors() {
    let small = Small::new();
    for (arguments, said) in [
        ("", "Usage"),
        ("frobnicate", "unrecognized subcommand"),
        ("train --experiment small.toml --out r --threads 0", "--threads"),
        ("train --experiment small.toml --out r --max-sweeps 0", "--max-sweeps"),
        ("train --experiment small.toml --out r --device gpu", "cpu or cuda:N"),
        ("train --experiment small.toml --out r --device cuda:7", "CUDA"),
        ("train --experiment small.toml --out r --tf32", "--tf32 is about CUDA devices"),
        ("train --experiment small.toml --out r --set bal.sampels=last", "no `sampels`"),
        ("train --experiment small.toml --out r --set seed", "KEY=VALUE"),
        ("train --experiment small.toml --out r --seed -1", "-1"),
        ("evaluate run --attack fgsm --radius nan", "NaN"),
        ("evaluate run --attack fgsm --radius 0,-0.1", "-0.1"),
        ("evaluate run --attack fgsm --radius 0.2,0.1", "0.1"),
        ("evaluate run --attack fgsm --radius 0,x", "x"),
        ("evaluate run --attack fgsm", "radius"),
        ("evaluate run --attack fgsn --radius 0", "fgsm, ifgsm, pgd, cw-one-step"),
        ("evaluate run --attack fgsm --radius 0 --steps 3", "steps"),
        ("evaluate run --attack pgd --radius 0 --steps 0", "steps"),
        ("evaluate run --attack fmn --overshoot 0.1", "the attack fmn has no setting `overshoot`"),
        ("evaluate run --attack deepfool --overshoot=-1", "overshoot must be finite and >= 0, got -1"),
        (
            "evaluate run --attack cw --target cat",
            "expected any-error, least-likely or the number of a class",
        ),
        ("evaluate run --attack fmn --step-size radius/4", "where a number is wanted"),
        ("evaluate run --attack pgd --radius 0.1 --step-size -1", "-1"),
        ("evaluate run --attack fgsm --radius 0 --norm l1", "linf, l2"),
        ("evaluate run --attack fgsm --radius 0 --limit 0", "--limit"),
        ("evaluate run --attack fgsm --radius 0 --prediction median", "mean-probability"),
        ("evaluate --attack fgsm --radius 0", "<RUN>"),
        ("evaluate --weights w --architecture resnet --attack fgsm --radius 0", "known are cnn"),
    ] {
        refused(&small, arguments, 2, &[said]);
    }
}

#[test]
fn wrong_experiments_are_named_with_their_key() {
    for (old, new, said) in [
        ("seed = 1", "seed = 1\ncolour = 2", "colour"),
        ("seed = 1", "seed = -1", "seed"),
        ("name = \"small\"\n", "", "name"),
        ("step_size = 0.026", "step_size = -0.026", "step_size"),
        ("step_size = 0.026", "step_size = 40.0", "below"),
        ("cost_weight = 0.0256", "cost_weight = nan", "cost_weight"),
        ("temperature = 1e-5\nstart", "temperature = -1.0\nstart", "temperature"),
        ("step_size = 0.01", "step_size = 0.0", "step_size"),
        ("tau = 10.0", "tau = 0.0", "tau"),
        ("friction = \"matched\"", "friction = \"smooth\"", "friction"),
        ("prior = { gaussian = 0.1 }", "prior = { gaussian = -1.0 }", "gaussian"),
        ("train_images = 280", "train_images = 281", "281"),
        ("train_images = 280", "train_images = 0", "train_images"),
        ("held_out = 20", "held_out = 300", "hold out"),
        ("dataset = \"mnist\"", "dataset = \"cifar\"", "cifar"),
        ("architecture = \"cnn\"", "architecture = \"mlp\"", "mlp"),
        (
            "[bal]\n",
            "[erm]\nschedule = { epochs = 1, batch_size = 9 }\nadam = { step_size = 1.0 }\n[bal]\n",
            "exactly one",
        ),
        ("[bal.data]\n", "[bal.data]\nmomentum = 0.9\n", "momentum"),
        ("[bal]\n", "[bal]]\n", "TOML"),
        ("every = 3", "every = 0", "every"),
        ("burn_in = 2", "burn_in = 7", "no sample is kept in 9 sweeps"),
        ("[bal]\n", "[start]\nexperiment = \"nowhere.toml\"\n[bal]\n", "nowhere.toml"),
    ] {
        let small = Small::new();
        small.edit(old, new);
        refused(&small, "train --experiment small.toml --out run", 1, &[said]);
    }
    refused(&Small::new(), "train --experiment nowhere.toml", 1, &["nowhere.toml"]);
}

#[test]
fn broken_data_are_named_with_file_and_fault() {
    let images = "train-images-idx3-ubyte.gz";
    let labels = "train-labels-idx1-ubyte.gz";
    let pixels = vec![0u8; TRAIN * 784];
    let with = |change: &dyn Fn(&Small)| {
        let small = Small::new();
        change(&small);
        small
    };
    for (small, said) in [
        (with(&|s| s.put(images, &idx(&[TRAIN, 28, 28], &pixels[1..]))), images),
        (with(&|s| s.put(images, &idx(&[usize::MAX >> 32, 28, 28], &pixels))), images),
        (with(&|s| s.put(images, &idx(&[TRAIN, 29, 28], &pixels))), images),
        (with(&|s| s.put(images, b"\x00\x00\x0d\x03")), images),
        (with(&|s| s.put(images, b"GIF89a")), images),
        (with(&|s| s.put(images, b"")), images),
        (with(&|s| s.put(labels, &idx(&[TRAIN], &[10; TRAIN]))), "10"),
        (with(&|s| s.put(labels, &idx(&[TRAIN - 1], &[1; TRAIN - 1]))), labels),
        (with(&|s| fs::write(s.path("data/mnist").join(images), b"no gzip").unwrap()), images),
        (with(&|s| fs::remove_file(s.path("data/mnist").join(labels)).unwrap()), labels),
    ] {
        refused(&small, "train --experiment small.toml --out run", 1, &[said]);
    }
    let small = Small::new();
    refused(&small, "train --experiment small.toml --out run --data nowhere", 1, &["nowhere", "--data"]);
}

#[test]
fn a_chain_that_diverges_is_named_and_leaves_no_run_behind() {
    let small = Small::new();
    let wild = "train --experiment small.toml --out run --set bal.parameters.sgadald.step_size=1e25";
    refused(&small, wild, 1, &["sweep 1", "parameter chain 0 diverged", "smaller step size"]);
}

#[test]
fn folders_that_exist_are_not_written_over() {
    let small = Small::new();
    fs::create_dir(small.path("mine")).unwrap();
    fs::write(small.path("mine/thesis.tex"), "chapter 1").unwrap();
    refused(&small, "train --experiment small.toml --out mine", 1, &["mine", "no run folder", "--out"]);
    refused(&small, "train --experiment small.toml --out mine --resume", 1, &["no run folder"]);
    small.succeed("train --experiment small.toml --out run");
    refused(&small, "train --experiment small.toml --out run", 2, &["run exists", "is finished", "--out"]);
    // Nor is a finished run of another experiment taken for this one.
    let other = "train --experiment small.toml --resume --out run --seed 2";
    refused(&small, other, 1, &["run is a finished run of another experiment", "--out"]);
    small.succeed("train --experiment small.toml --resume --out run");
}

#[test]
fn bfloat16_trains_where_the_processor_has_it_and_is_refused_in_words_elsewhere() {
    let small = Small::new();
    let arguments = "train --experiment small.toml --set precision=\"bf16\" --out run";
    let before = small.listing();
    let output = small.bal(arguments);
    if output.status.success() {
        let record = bal_report::Record::read(&small.path("run/record.json")).unwrap();
        assert_eq!(record.experiment["precision"], "bf16");
        small.succeed("evaluate run --attack fgsm --radius 0");
    } else {
        refused(&small, arguments, 1, &["bfloat16", "fp32"]);
        assert_eq!(before, small.listing());
    }
    refused(
        &small,
        "train --experiment small.toml --set precision=\"fp16\" --out run-16",
        1,
        &["precision", "fp16"],
    );
}

#[test]
fn a_run_is_not_resumed_under_other_settings() {
    let small = Small::new();
    let begun = small.path("run/experiment.toml");
    small.kill_when("train --experiment small.toml --out run", || begun.exists());
    assert!(!small.path("run/record.json").exists(), "the run ended before it could be killed");
    fs::remove_file(small.path("run/.lock")).unwrap();
    let changed = "train --experiment small.toml --out run --resume --set bal.data.steps=3";
    refused(&small, changed, 1, &["another experiment"]);
    refused(&small, "train --experiment small.toml --out run", 2, &["run exists", "--out", "--resume"]);
    let output = small.bal("evaluate run --attack fgsm --radius 0");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("--resume"), "{}", stderr(&output));
}

#[test]
fn weights_and_runs_that_are_none_are_refused() {
    let small = Small::new();
    fs::write(small.path("w.safetensors"), b"\xff\xff\xff\xff\xff\xff\xff\x7fnonsense").unwrap();
    refused(&small, "evaluate --weights w.safetensors --attack fgsm --radius 0", 1, &["w.safetensors"]);
    refused(&small, "evaluate --weights nowhere --attack fgsm --radius 0", 1, &["nowhere"]);
    refused(&small, "evaluate nowhere --attack fgsm --radius 0", 1, &["nowhere"]);
    refused(&small, "train --experiment small.toml --start nowhere --out run", 1, &["--start"]);
    refused(
        &small,
        "evaluate --weights w.safetensors --attack fgsm --radius 0 --json no/where.json",
        1,
        &["no"],
    );
}

/// A limit on file sizes stands in for a full disk: writing more fails, as it would there.
#[test]
fn a_full_disk_is_reported_and_leaves_no_half_written_file() {
    let small = Small::new();
    for (kilobytes, said) in [(4, "run"), (600, "state.safetensors")] {
        let before = small.listing();
        let script = format!(
            "trap '' XFSZ; ulimit -f {}; exec {} train --experiment small.toml --out run",
            kilobytes * 2,
            env!("CARGO_BIN_EXE_bal")
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(small.path(""))
            .env("BAL_DATA", small.path("data"))
            .output()
            .unwrap();
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("cannot write") || error.contains("too large"), "{error}");
        assert!(error.contains(said), "{error}");
        assert_eq!(before, small.listing(), "{error}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let small = Small::new();
    fs::write(small.path("file"), "").unwrap();
    refused(&small, "train --experiment small.toml --out file/run", 1, &["file/run"]);
    let closed = small.path("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere; for anybody else the folder is closed.
    if tempfile::tempfile_in(&closed).is_err() {
        refused(&small, "train --experiment small.toml --out closed/run", 1, &["closed/run"]);
    }
}
