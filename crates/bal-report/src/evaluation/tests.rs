//! Claims about evaluations.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::testing::evaluation_of;

fn evaluation() -> Evaluation {
    let flags = [9, 8].map(|right| (0..10).map(|image| image < right).collect());
    let mut evaluation = evaluation_of("fgsm", vec![Some(0.0), Some(0.15)], &flags);
    evaluation.reached =
        vec![Reached { l2: 0.0, linf: 0.0, size: None }, Reached { l2: 2.5, linf: 0.15, size: None }];
    evaluation
}

/// What reading says about an evaluation whose JSON was changed.
fn error_after(change: impl FnOnce(&mut Value)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fgsm.json");
    let mut value = serde_json::to_value(evaluation()).unwrap();
    change(&mut value);
    fs::write(&path, value.to_string()).unwrap();
    let message = Evaluation::read(&path).unwrap_err().to_string();
    assert!(message.contains("fgsm.json"), "{message}");
    message
}

#[test]
fn an_evaluation_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fgsm.json");
    evaluation().write(&path).unwrap();
    assert_eq!(Evaluation::read(&path).unwrap(), evaluation());
}

#[test]
fn flags_become_digits_in_order() {
    assert_eq!(PerImage::of_flags(&[[true, false], [false, false]]).correct, ["10", "00"]);
    assert_eq!(evaluation().accuracy, [0.9, 0.8]);
}

#[test]
fn points_carry_wilson_intervals() {
    let points: Vec<_> = evaluation().points().collect();
    assert_eq!(points[1].radius, Some(0.15));
    assert!((points[1].interval.low - 0.4902).abs() < 5e-5);
    assert!((points[1].interval.high - 0.9433).abs() < 5e-5);
}

#[test]
fn csv_has_a_line_per_radius_and_nothing_for_null() {
    let mut evaluation = evaluation();
    evaluation.norm = None;
    evaluation.radii = vec![None, Some(0.15)];
    let csv = evaluation.to_csv();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines[0], "attack,norm,radius,images,accuracy,low,high,l2,linf");
    assert!(lines[1].starts_with("fgsm,,,10,0.9,0."), "{}", lines[1]);
    assert_eq!(lines[2], "fgsm,,0.15,10,0.8,0.490162,0.943318,2.5,0.15");
    assert_eq!(lines.len(), 3);
}

#[test]
fn the_size_of_movements_is_written_where_there_is_one() {
    assert!(!serde_json::to_string(&evaluation()).unwrap().contains("size"));
    let mut moved = evaluation();
    moved.reached[1].size = Some(0.25);
    let csv = moved.to_csv();
    let ends: Vec<&str> = csv.lines().map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(ends, ["size", "", "0.25"]);
    let json = serde_json::to_string(&moved).unwrap();
    assert_eq!(serde_json::from_str::<Evaluation>(&json).unwrap(), moved);
    let message = error_after(|e| e["reached"][0]["size"] = json!(-2));
    assert!(message.contains("reached[0].size must be finite and >= 0"), "{message}");
}

#[test]
fn what_does_not_agree_is_refused_by_key() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 11] = [
        (|e| e["accuracy"][1] = json!(0.81), "accuracy[1] is 0.81"),
        (|e| e["accuracy"] = json!([0.9]), "accuracy has 1 entries, but radii has 2"),
        (|e| e["reached"] = json!([]), "reached has 0 entries"),
        (|e| e["radii"] = json!([0.15, 0.1]), "radii must ascend"),
        (|e| e["radii"] = json!([0.1, 0.1]), "radii must ascend"),
        (|e| e["radii"] = json!([-0.1, 0.1]), "got -0.1"),
        (
            |e| {
                e["radii"] = json!([]);
            },
            "radii is empty",
        ),
        (|e| e["images"] = json!(0), "images must be at least 1"),
        (|e| e["images"] = json!(11), "has 10 characters, but images is 11"),
        (|e| e["per_image"]["correct"][0] = json!("111111111é"), "holds 'é'"),
        (|e| e["reached"][0]["l2"] = json!(-1), "reached[0].l2"),
    ];
    for (change, expected) in cases {
        let message = error_after(change);
        assert!(message.contains(expected), "{message} does not say {expected}");
    }
}

#[test]
fn missing_and_unknown_keys_are_named() {
    let message = error_after(|e| {
        e.as_object_mut().unwrap().remove("dataset");
    });
    assert!(message.contains("dataset"), "{message}");
    let message = error_after(|e| e["model"]["chain"] = json!(1));
    assert!(message.contains("chain"), "{message}");
}

#[test]
fn an_inconsistent_evaluation_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fgsm.json");
    let mut evaluation = evaluation();
    evaluation.accuracy[0] = f64::NAN;
    let message = evaluation.write(&path).unwrap_err().to_string();
    assert!(message.contains("accuracy[0] is NaN"), "{message}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn who_broke_what_and_how_far_errors_are_agree_with_who_survived() {
    // The second radius leaves 8 of 10 standing, the first 9.
    let two_parts = json!([{"apgd-ce": 1}, {"apgd-ce": 1, "square": 1}]);
    let distances = json!([null, null, null, null, null, null, null, 0.5, 0.1, 0.0]);
    let folder = tempfile::tempdir().unwrap();
    let mut value = serde_json::to_value(evaluation()).unwrap();
    value["broken_by"] = two_parts;
    value["nearest"] = json!({"median": null, "distances": distances});
    let path = folder.path().join("both.json");
    fs::write(&path, value.to_string()).unwrap();
    let read = Evaluation::read(&path).unwrap();
    assert_eq!(read.broken_by.unwrap()[1]["square"], 1);

    let too_many = error_after(|v| v["broken_by"] = json!([{"square": 2}, {}]));
    assert!(too_many.contains("broken_by[0] counts 2 images, but only 1 are wrong"), "{too_many}");
    let short = error_after(|v| v["broken_by"] = json!([{}]));
    assert!(short.contains("broken_by has 1 entries"), "{short}");
    let other = error_after(|v| v["nearest"] = json!({"median": null, "distances": vec![0.2; 10]}));
    assert!(other.contains("leaves 10 images standing at radius 0"), "{other}");
    let negative = error_after(|v| v["nearest"] = json!({"median": -1.0, "distances": vec![0.2; 10]}));
    assert!(negative.contains("got -1"), "{negative}");
}
