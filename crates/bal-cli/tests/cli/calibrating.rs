//! `bal calibrate` on a run, on weights, and on bad input.

use crate::{
    small::{Small, TEST, stderr},
    torchscript::flags,
};
use bal_report::{CalibrationReport, Evaluation, Split, calibration::Detections};

#[test]
fn a_run_is_calibrated_to_the_same_numbers_on_any_number_of_threads() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    let calibrate = |what: &str, file: &str| {
        let table = small.succeed(&format!("calibrate {what} --radius 0,0.1 --steps 3 --json {file}"));
        assert!(table.contains("15 bins of equal width") && table.contains("AUROC"), "{table}");
        (
            std::fs::read_to_string(small.path(file)).unwrap(),
            CalibrationReport::read(&small.path(file)).unwrap(),
        )
    };
    let (text, report) = calibrate("run --threads 1", "a.json");
    assert_eq!(text, calibrate("run --threads 2", "b.json").0);
    let (_, weights) = calibrate("--weights run/posterior.safetensors", "c.json");
    assert_eq!((&weights.clean, &weights.attacked), (&report.clean, &report.attacked));

    assert_eq!((report.images, report.classes, report.split), (TEST as u64, 10, Split::Test));
    assert!(report.model.chains > 1);
    let attacks: Vec<_> = report.attacked.iter().map(|a| (a.loss.as_str(), a.radius)).collect();
    let expected = [("cross-entropy", 0.0), ("cross-entropy", 0.1), ("confident", 0.0), ("confident", 0.1)];
    assert_eq!(attacks, expected);
    // Images that were not moved are the clean ones: their uncertainty tells nothing.
    for unmoved in [&report.attacked[0], &report.attacked[2]] {
        assert_eq!(unmoved.measured, report.clean);
        let Detections { entropy, mutual_information } = unmoved.detection;
        assert_eq!((Some(entropy.auroc), mutual_information.map(|of| of.auroc)), (Some(0.5), Some(0.5)));
    }
    // PGD is that of `bal evaluate`, image by image.
    small.succeed("evaluate run --attack pgd --steps 3 --radius 0,0.1 --json pgd.json");
    let pgd = Evaluation::read(&small.path("pgd.json")).unwrap();
    let accuracy: Vec<f64> = report.attacked[..2].iter().map(|a| a.measured.calibration.accuracy).collect();
    assert_eq!(accuracy, pgd.accuracy);
    assert_eq!(report.settings["steps"], 3);
}

#[test]
fn a_member_alone_has_no_mutual_information_and_clean_images_need_no_attack() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    let table = small.succeed("calibrate run --members 1 --limit 7 --json one.json");
    assert!(table.contains("7 test images of mnist, 1 chains") && !table.contains("AUROC"), "{table}");
    let report = CalibrationReport::read(&small.path("one.json")).unwrap();
    assert_eq!((report.images, report.attacked.len()), (7, 0));
    let parts = [report.clean.right, report.clean.wrong];
    assert!(parts.iter().flatten().all(|part| part.mutual_information.is_none()));
    let table = small.succeed("calibrate run --held-out");
    assert!(table.contains("20 held-out training images"), "{table}");
    let sampled = small.succeed("calibrate run --sample 9 --seed 3");
    assert!(sampled.contains("9 test images"), "{sampled}");
}

#[test]
fn a_killed_calibration_goes_on_where_it_was_and_only_the_same_one() {
    let small = Small::new();
    let calibrate = |steps: u32, file: &str| {
        let more = format!("--radius 0.05,0.1 --steps {steps} --limit 640 --threads 1 --json {file}");
        flags(&[""], &more).replacen("evaluate", "calibrate", 1)
    };
    small.succeed(&calibrate(4, "whole.json"));
    // Killed in the second of its two attacks.
    let first = small.path("part.json.confident.partial/shard-00000.safetensors");
    assert!(small.kill_when(&calibrate(4, "part.json"), || first.is_file()), "it ended before it was killed");
    assert!(!small.path("part.json").exists());

    let other = small.bal(&calibrate(5, "part.json"));
    assert_eq!(other.status.code(), Some(1));
    assert!(stderr(&other).contains("its settings is"), "{}", stderr(&other));

    let output = small.bal(&calibrate(4, "part.json"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output).matches("going on where").count(), 2, "{}", stderr(&output));
    assert!(!small.listing().iter().any(|name| name.contains("partial")));
    let read = |name: &str| std::fs::read(small.path(name)).unwrap();
    assert_eq!(read("whole.json"), read("part.json"));
}

#[test]
fn what_cannot_be_calibrated_is_refused_before_the_work() {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    for (arguments, code, said) in [
        ("calibrate", 2, "<RUN>"),
        ("calibrate nowhere", 1, "nowhere"),
        ("calibrate run --dataset cifar", 1, "cifar"),
        ("calibrate run --radius 0.2,0.1", 2, "ascend"),
        ("calibrate run --radius -1", 2, "radius"),
        ("calibrate run --steps 5", 2, "--radius"),
        ("calibrate run --radius 0.1 --steps 0", 2, "steps must be at least 1"),
        ("calibrate run --radius 0.1 --norm l1", 2, "linf, l2"),
        ("calibrate run --limit 0", 2, "--limit"),
        ("calibrate run --limit 3 --sample 3", 2, "--sample"),
        ("calibrate run --sample 1000", 1, "there are 40 images"),
        ("calibrate run --members 99", 1, "no member 99"),
        ("calibrate --weights run/posterior.safetensors --held-out", 2, "--held-out"),
        ("calibrate run --json run", 1, "is a folder"),
        ("calibrate run --json no/where.json", 1, "cannot write"),
    ] {
        let before = small.listing();
        let output = small.bal(arguments);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {error}");
        assert!(error.contains(said) && !error.contains("internal fault"), "{arguments}: {error}");
        assert_eq!(before, small.listing(), "{arguments}");
    }
}
