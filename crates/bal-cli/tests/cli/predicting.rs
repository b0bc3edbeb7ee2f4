//! `bal predict`: labels and uncertainty of images.

use crate::small::{Small, stderr};
use image::{GrayImage, Luma, Rgb, RgbImage};
use serde_json::Value;
use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

/// A run whose classes light up rows of their own, and pictures of some of them.
fn trained() -> Small {
    let small = Small::new();
    let erm = "name = \"erm\"\ndataset = \"mnist\"\narchitecture = \"cnn\"\nseed = 1\ntrain_images = 300\n\
               held_out = 0\ncheckpoint_every = 100\n[erm]\nschedule = { epochs = 12, batch_size = 30 }\n\
               adam = { step_size = 3e-3 }\n";
    fs::write(small.path("erm.toml"), erm).unwrap();
    small.succeed("train --experiment erm.toml --out run");
    fs::create_dir(small.path("pictures")).unwrap();
    for class in 0..10u32 {
        let image =
            GrayImage::from_fn(28, 28, |x, y| Luma([if y / 2 == class { 220 } else { (x % 30) as u8 }]));
        image.save(small.path("pictures").join(format!("{class}.png"))).unwrap();
    }
    small
}

fn answers(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_image_gets_a_label_a_probability_and_two_uncertainties() {
    let small = trained();
    let answers = answers(&small.succeed("predict run pictures --json"));
    assert_eq!(answers.len(), 10);
    let right = answers.iter().enumerate().filter(|(class, answer)| answer["class"] == *class).count();
    assert!(right >= 8, "{answers:?}");
    for answer in &answers {
        let probabilities: Vec<f64> = serde_json::from_value(answer["probabilities"].clone()).unwrap();
        assert_eq!(probabilities.len(), 10);
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let entropy: f64 = probabilities.iter().map(|p| if *p > 0.0 { -p * p.ln() } else { 0.0 }).sum();
        assert!((answer["predictive_entropy"].as_f64().unwrap() - entropy).abs() < 1e-9);
        assert_eq!(answer["mutual_information"], 0.0, "one network never disagrees with itself");
        assert_eq!(answer["label"], answer["class"].to_string());
        assert_eq!(answer["conversions"], serde_json::json!([]));
    }
    let table = small.succeed("predict run pictures/3.png pictures/7.png");
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines.len() == 3 && lines[0].contains("entropy") && lines[1].ends_with("pictures/3.png"),
        "{table}"
    );
    let weights = small.succeed("predict run/posterior.safetensors pictures --json");
    assert_eq!(weights, small.succeed("predict run pictures --json --threads 1"));
}

#[test]
fn images_of_another_form_are_converted_and_that_is_said() {
    let small = trained();
    RgbImage::from_pixel(56, 30, Rgb([9, 200, 90])).save(small.path("wide.jpg")).unwrap();
    let output = small.bal("predict run wide.jpg");
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(table.contains("made gray") && table.contains("resized"), "{table}");
    assert!(stderr(&output).contains("1 resized"), "{}", stderr(&output));
}

#[test]
fn an_uncertain_prediction_is_no_label_where_that_is_wished() {
    let small = trained();
    let answers = answers(&small.succeed("predict run pictures --json --abstain-above 0"));
    assert!(answers.iter().all(|answer| answer["label"].is_null() && answer["class"].is_null()));
    assert!(answers.iter().all(|answer| answer["probability"].as_f64().unwrap() > 0.1));
    let output = small.bal("predict run pictures --abstain-above 100");
    assert!(stderr(&output).contains("0 without a label"), "{}", stderr(&output));
}

#[test]
fn paths_may_come_on_standard_input_and_a_reader_may_leave() {
    let small = trained();
    let mut command = small.command("predict run - --json");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"pictures/4.png\n\npictures/5.png\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(answers(&String::from_utf8(output.stdout).unwrap()).len(), 2);

    let many = "pictures ".repeat(150);
    let script = format!("{} predict run {many} | head -n 1", env!("CARGO_BIN_EXE_bal"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(small.path("")).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
}

/// What is good before a bad line is answered, whatever happens to that.
#[test]
fn a_bad_line_ends_nothing_that_came_before_it() {
    let small = trained();
    let lines = b"pictures/4.png\npictures/caf\xe9.png\npictures/5.png\n";
    for (flags, good) in [("--json", 1), ("--json --skip-bad-files", 2), ("--skip-bad-files", 3)] {
        let mut command = small.command(&format!("predict run - {flags}"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines).unwrap();
        let output = child.wait_with_output().unwrap();
        let (answers, said) = (String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output));
        assert_eq!(answers.lines().count(), good, "{flags}: {said}");
        assert_eq!(output.status.success(), flags.contains("skip"), "{flags}");
        assert!(said.contains("pictures/caf\\xe9.png: has a name that is not UTF-8"), "{said}");
    }
    fs::write(small.path("pictures/3b.png"), "no image").unwrap();
    let output = small.bal("predict run pictures --json");
    // 0.png to 3.png come before 3b.png.
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 4);
    assert!(!output.status.success() && stderr(&output).contains("3b.png"));
}

#[test]
fn what_cannot_be_used_is_named() {
    let small = trained();
    fs::write(small.path("pictures/3b.png"), "no image").unwrap();
    fs::create_dir(small.path("nothing")).unwrap();
    for (arguments, said) in [
        ("predict nowhere pictures", "nowhere"),
        ("predict run nowhere.png", "nowhere.png"),
        ("predict run pictures", "3b.png"),
        ("predict run nothing", "no images"),
        ("predict run pictures --abstain-above -1", "entropy in nats"),
        ("predict run pictures --members 4", "member 4"),
        ("predict run", "IMAGE"),
        ("predict erm.toml pictures", "erm.toml"),
    ] {
        let output = small.bal(arguments);
        let error = stderr(&output);
        assert!(!output.status.success() && error.contains(said), "{arguments}: {error}");
        assert!(!error.contains("panicked") && !error.contains("internal fault"), "{error}");
    }
    let output = small.bal("predict run pictures --skip-bad-files --json");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 10);
    assert!(stderr(&output).contains("3b.png") && stderr(&output).contains("1 skipped"));
}
