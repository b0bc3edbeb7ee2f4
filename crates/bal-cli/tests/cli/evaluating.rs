//! `bal evaluate` on a run and on a file of weights.

use crate::small::{Small, TEST, stderr};
use bal_report::{Evaluation, Record, Split};
use std::{fs, process::Stdio};

#[test]
fn a_run_and_its_weights_evaluate_to_the_same_numbers_on_any_number_of_threads() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    let evaluate = |what: &str, file: &str| {
        let attack = "--attack pgd --steps 3 --restarts 2 --radius 0,0.1,0.2";
        small.succeed(&format!("evaluate {what} {attack} --json {file} --csv {file}.csv"));
        Evaluation::read(&small.path(file)).unwrap()
    };
    let run = evaluate("run --threads 1", "a.json");
    let weights = evaluate("--weights run/posterior.safetensors --architecture cnn --threads 2", "b.json");
    assert_eq!(run.per_image.correct, weights.per_image.correct);
    assert_eq!((run.images, run.radii.len(), run.accuracy.len()), (TEST as u64, 3, 3));
    assert_eq!(run.settings["steps"], 3);
    assert_eq!(run.model.ensemble_gradient, "predictive");
    assert!(run.reached[1].linf <= 0.1 + 1e-6 && run.reached[0].linf < 1e-9);
    assert_eq!(fs::read_to_string(small.path("a.json.csv")).unwrap().lines().count(), 4);
    let clean = small.succeed("evaluate run --attack fgsm --radius 0 --limit 7");
    assert!(clean.contains("7 test images of mnist"), "{clean}");
}

#[test]
fn held_out_images_are_those_that_the_run_did_not_train_on() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    let output = small.succeed("evaluate run --held-out --attack fgsm --radius 0 --json held-out.json");
    assert!(output.contains("20 held-out training images of mnist"), "{output}");
    let evaluation = Evaluation::read(&small.path("held-out.json")).unwrap();
    assert_eq!((evaluation.images, evaluation.split), (20, Split::HeldOut));
    let record = Record::read(&small.path("run/record.json")).unwrap();
    assert_eq!(record.held_out, Some(evaluation.accuracy[0]));

    small.succeed("train --experiment small.toml --set held_out=0 --set bal.mixing.images=0 --out none");
    let output = small.bal("evaluate none --held-out --attack fgsm --radius 0");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("held out no images"), "{}", stderr(&output));
}

#[test]
fn the_one_step_cw_has_no_radius_and_says_how_far_it_went() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run --max-sweeps 6");
    small.succeed("evaluate run --attack cw-one-step --json cw.json");
    let evaluation = Evaluation::read(&small.path("cw.json")).unwrap();
    assert_eq!(evaluation.radii, [None]);
    assert!(evaluation.reached[0].l2 > 0.0);
    let output = small.bal("evaluate run --attack cw-one-step --radius 0.1");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no radius"), "{}", stderr(&output));
}

#[test]
fn members_answer_alone_and_images_made_for_others_are_shown_to_them() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    let evaluate = |flags: &str| {
        small.succeed(&format!("evaluate run --attack fgsm --radius 0,0.1 {flags} --json out.json"));
        Evaluation::read(&small.path("out.json")).unwrap()
    };
    let members = evaluate("").model.chains;
    assert!(members > 2, "{members}");
    let (first, last) = (evaluate("--members 0"), evaluate(&format!("--members {}", members - 1)));
    assert_eq!((first.model.chains, first.model.source.as_str()), (1, "small, member 0"));
    assert_ne!(first.reached, last.reached);
    // Images that the first member's gradient made, shown to the last.
    let shown = evaluate(&format!("--members {} --surrogate-members 0", members - 1));
    assert_eq!((shown.attack.as_str(), shown.accuracy[0]), ("transfer", last.accuracy[0]));
    assert_eq!(shown.reached, first.reached);
    assert_eq!(shown.settings["surrogate"], "small, member 0");
    assert_eq!(shown.settings["attack"], "fgsm");
    // Shown to itself, a model is attacked as ever.
    let itself = evaluate("--surrogate run/posterior.safetensors");
    assert_eq!(itself.per_image, evaluate("").per_image);
    assert_eq!(itself.per_image, evaluate("--surrogate run").per_image);
    for (flags, said) in [
        ("--members 99", "no member 99"),
        ("--members 0,0", "twice"),
        ("--surrogate nowhere", "nowhere"),
        ("--surrogate-members 99", "no member 99"),
    ] {
        let output = small.bal(&format!("evaluate run --attack fgsm --radius 0.1 {flags}"));
        assert_eq!(output.status.code(), Some(1), "{flags}");
        assert!(stderr(&output).contains(said), "{flags}: {}", stderr(&output));
    }
}

#[test]
fn every_help_shows_an_example() {
    let small = Small::new();
    for command in ["--help", "train --help", "evaluate --help", "calibrate --help"] {
        let help = small.succeed(command);
        assert!(help.contains("Example") && help.contains("  bal "), "{help}");
    }
}

/// Nobody reads, neither what happens nor what comes out, as after `| head`.
#[test]
fn readers_who_leave_end_no_work() {
    let small = Small::new();
    for arguments in
        ["train --experiment small.toml --out run", "evaluate run --attack fgsm --radius 0,0.1 --json a.json"]
    {
        let mut command = small.command(arguments);
        let mut unread = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((unread.stdout.take(), unread.stderr.take()));
        assert!(unread.wait().unwrap().success(), "{arguments}");
    }
    assert_eq!(Evaluation::read(&small.path("a.json")).unwrap().images, TEST as u64);
}

/// `/dev/full` refuses every write as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn results_that_cannot_be_printed_are_an_error_and_the_files_are_there() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = small.command("evaluate run --attack fgsm --radius 0,0.1 --json a.json");
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("standard output: No space left"), "{}", stderr(&output));
    assert_eq!(Evaluation::read(&small.path("a.json")).unwrap().images, TEST as u64);
}
