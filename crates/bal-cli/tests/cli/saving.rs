//! What an evaluation writes beside its accuracies, and goes on with after an interruption.

use crate::{
    small::{Small, stderr},
    torchscript::flags,
};
use bal_models::TensorFile;
use bal_report::Evaluation;
use std::fs;

const SUITE: &str = "--attack autoattack --steps 4 --queries 20 --radius 0,0.05,0.1";

fn trained() -> Small {
    let small = Small::new();
    small.succeed("train --experiment small.toml --out run");
    small
}

/// The rows of a CSV without its header, cut into fields.
fn rows(small: &Small, file: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(small.path(file)).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(String::from).collect()).collect()
}

#[test]
fn rows_images_and_accuracies_say_the_same_and_verify() {
    let small = trained();
    small.succeed(&format!(
        "evaluate run {SUITE} --json a.json --per-image rows.csv --save x.safetensors --grid grid.png"
    ));
    let evaluation = Evaluation::read(&small.path("a.json")).unwrap();
    let found = rows(&small, "rows.csv");
    assert_eq!(found.len(), 40 * 3);
    for (column, accuracy) in evaluation.accuracy.iter().enumerate() {
        let of_radius = found.iter().skip(column).step_by(3);
        let right = of_radius.clone().filter(|row| row[1] == row[4]).count();
        assert!((right as f64 / 40.0 - accuracy).abs() < 1e-9);
        // Who was right and is wrong was broken by someone.
        assert!(of_radius.clone().all(|row| row[5].is_empty() != (row[2] == row[1] && row[4] != row[1])));
        let named = of_radius.filter(|row| !row[5].is_empty()).count() as u64;
        assert_eq!(named, evaluation.broken_by.as_ref().unwrap()[column].values().sum::<u64>());
    }
    // Radius 0 is clean.
    assert!(found.iter().step_by(3).all(|row| row[2] == row[4] && row[7] == "0"));
    assert!(fs::read(small.path("grid.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(!small.listing().iter().any(|name| name.contains("partial")));

    let said = small.succeed("evaluate run --verify x.safetensors --per-image again.csv");
    assert!(said.contains("verified: 120 images"), "{said}");
    assert_eq!(fs::read(small.path("rows.csv")).unwrap(), fs::read(small.path("again.csv")).unwrap());
}

#[test]
fn images_for_numpy_are_those_in_safetensors_and_verify() {
    let small = trained();
    for file in ["x.safetensors", "x.npz"] {
        small.succeed(&format!("evaluate run {SUITE} --save {file}"));
        let said = small.succeed(&format!("evaluate run --verify {file}"));
        assert!(said.contains("verified: 120 images"), "{said}");
    }
    let tensors = TensorFile::read(&small.path("x.safetensors")).unwrap();
    let arrays = TensorFile::read_npz(&small.path("x.npz")).unwrap();
    assert_eq!((tensors.tensors, tensors.metadata), (arrays.tensors, arrays.metadata));
    fs::copy(small.path("x.safetensors"), small.path("wrong.npz")).unwrap();
    let output = small.bal("evaluate run --verify wrong.npz");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("wrong.npz: not an .npz file"), "{}", stderr(&output));
}

#[test]
fn distances_to_the_nearest_error_are_recorded_and_verify() {
    let small = trained();
    small.succeed(
        "evaluate run --attack deepfool --norm l2 --json a.json --per-image rows.csv --save x.safetensors",
    );
    let nearest = Evaluation::read(&small.path("a.json")).unwrap().nearest.unwrap();
    let found: Vec<Option<f64>> = rows(&small, "rows.csv").iter().map(|row| row[8].parse().ok()).collect();
    assert_eq!(found, nearest.distances);
    small.succeed("evaluate run --verify x.safetensors --per-image again.csv");
    assert_eq!(fs::read(small.path("rows.csv")).unwrap(), fs::read(small.path("again.csv")).unwrap());
}

#[test]
fn images_of_a_sample_keep_their_numbers() {
    let small = trained();
    small.succeed(
        "evaluate run --attack fgsm --radius 0.1 --sample 7 --seed 3 --save x.safetensors --per-image r.csv",
    );
    let numbers: Vec<usize> = rows(&small, "r.csv").iter().map(|row| row[0].parse().unwrap()).collect();
    assert!(numbers.len() == 7 && numbers.is_sorted() && numbers != [0, 1, 2, 3, 4, 5, 6], "{numbers:?}");
    // The class of the small set's image i is i modulo 10.
    assert!(rows(&small, "r.csv").iter().zip(numbers).all(|(row, n)| row[1] == (n % 10).to_string()));
    small.succeed("evaluate run --verify x.safetensors");
}

#[test]
fn a_killed_evaluation_goes_on_where_it_was_and_only_the_same_one() {
    let small = Small::new();
    let attack = |steps: u32, file: &str| {
        let more = format!("--attack pgd --steps {steps} --radius 0.05,0.1 --limit 640 --threads 1");
        flags(&[""], &format!("{more} --json {file} --save {file}.safetensors"))
    };
    small.succeed(&attack(8, "whole.json"));
    let first = small.path("part.json.partial/shard-00000.safetensors");
    assert!(small.kill_when(&attack(8, "part.json"), || first.is_file()), "it ended before it was killed");
    assert!(!small.path("part.json").exists() && small.path("part.json.partial").exists());

    let other = small.bal(&attack(9, "part.json"));
    assert_eq!(other.status.code(), Some(1));
    assert!(stderr(&other).contains("its settings is"), "{}", stderr(&other));

    // One flipped bit in what was kept.
    let kept = fs::read(&first).unwrap();
    let mut bytes = kept.clone();
    bytes[kept.len() / 2] ^= 1;
    fs::write(&first, bytes).unwrap();
    let damaged = small.bal(&attack(8, "part.json"));
    assert_eq!(damaged.status.code(), Some(1));
    assert!(stderr(&damaged).contains("shard-00000.safetensors: it is damaged"), "{}", stderr(&damaged));
    fs::write(&first, kept).unwrap();

    let output = small.bal(&attack(8, "part.json"));
    assert!(output.status.success() && stderr(&output).contains("going on where"), "{}", stderr(&output));
    assert!(!small.path("part.json.partial").exists());
    for end in ["", ".safetensors"] {
        let read = |name: &str| fs::read(small.path(&format!("{name}.json{end}"))).unwrap();
        assert_eq!(read("whole"), read("part"), "{end}");
    }
}

#[test]
fn files_that_hold_something_else_are_refused() {
    let small = trained();
    small.succeed("evaluate run --attack fgsm --radius 0,0.1 --save x.safetensors");
    small.succeed("train --experiment small.toml --seed 2 --out other");
    fs::write(small.path("text"), "no tensors").unwrap();
    for (arguments, code, said) in [
        ("evaluate run --verify nowhere", 1, "nowhere"),
        ("evaluate run --verify text", 1, "not a safetensors file"),
        ("evaluate run --verify run/posterior.safetensors", 1, "holds no attacked images"),
        ("evaluate other --verify x.safetensors", 1, "predictions differ"),
        ("evaluate run --verify x.safetensors --radius 0.1", 2, "cannot be used with"),
        ("evaluate run --verify x.safetensors --steps 3", 2, "--verify attacks nothing"),
        ("evaluate run --attack fgsm --radius 0.1 --grid run", 1, "is a folder"),
        ("evaluate run --attack fgsm --radius 0.1 --save no/where", 1, "cannot write to no"),
        ("evaluate run", 2, "--attack"),
    ] {
        let before = small.listing();
        let output = small.bal(arguments);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {error}");
        assert!(error.contains(said), "{arguments}: {error}");
        assert_eq!(before, small.listing(), "{arguments}");
    }
    // An image that left its ball, one that is no image, and one of another data set.
    let bytes = fs::read(small.path("x.safetensors")).unwrap();
    for (name, said) in
        [("x", "left its linf ball"), ("clean", "is not that of mnist"), ("labels", "has label")]
    {
        let changed = with_first_value_changed(&bytes, name);
        fs::write(small.path("changed.safetensors"), changed).unwrap();
        let output = small.bal("evaluate run --verify changed.safetensors");
        assert_eq!(output.status.code(), Some(1), "{name}");
        assert!(stderr(&output).contains(said), "{name}: {}", stderr(&output));
    }
}

/// A safetensors file whose tensor `name` begins with other bytes.
fn with_first_value_changed(file: &[u8], name: &str) -> Vec<u8> {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    let start = 8 + length + header[name]["data_offsets"][0].as_u64().unwrap() as usize;
    let mut changed = file.to_vec();
    let bytes = if name == "labels" { vec![9, 0, 0, 0] } else { 0.75f32.to_le_bytes().to_vec() };
    changed[start..start + 4].copy_from_slice(&bytes);
    changed
}
