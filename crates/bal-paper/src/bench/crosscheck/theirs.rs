//! The Python side: what it is asked and what it answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::crosscheck::Images;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kept::content;
use super::plan::{Attack, Compared, Model};
use crate::bench::process::Process;
use bal_chores::Repository;

/// What became of the images.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// How long the attack took.
    pub(super) seconds: f64,
    /// A string per radius, in it a 1 for each image that survived.
    pub(super) correct: Vec<String>,
    /// Where the nearest error is sought: how far it is, image by image.
    pub(super) distances: Option<Vec<Option<f64>>>,
    /// Where there are images of ours: what differs.
    pub(super) images: Option<Images>,
}

/// What is attacked at a time where attacks begin at random: `images` from the `first`, at one radius with one seed.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Part {
    pub(super) radius: f64,
    pub(super) seed: u64,
    pub(super) first: u64,
    pub(super) images: u64,
}

/// Images that the Python side attacks together, as bench/crosscheck/crosscheck.py has it.
const BATCH: u64 = 256;

impl Part {
    /// The parts of the first `images`, batch by batch.
    pub(super) fn all(images: u64, radius: f64, seed: u64) -> impl Iterator<Item = Self> {
        (0..images.div_ceil(BATCH)).map(move |batch| {
            let first = batch * BATCH;
            Self { radius, seed, first, images: BATCH.min(images - first) }
        })
    }
}

/// Starts it.
pub(super) fn start(repository: &Repository, python: &Path, threads: u32) -> Result<Process> {
    let mut command = Command::new(python);
    command.arg(repository.root().join("bench/crosscheck/crosscheck.py"));
    command.arg("--mnist").arg(repository.datasets().join("mnist"));
    command.args(["--threads", &threads.to_string()]);
    Process::start("Python", &mut command)
}

/// The programs that it is made of, as they are now.
pub(super) fn sources(repository: &Repository) -> Result<Vec<Value>> {
    let mut files = Vec::new();
    for folder in ["bench/crosscheck", "bench/pytorch"] {
        let folder = repository.root().join(folder);
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
            files.push(entry.with_context(|| format!("cannot read {}", folder.display()))?.path());
        }
    }
    files.retain(|file| file.is_file());
    files.sort_unstable();
    files.iter().map(|file| content(file)).collect()
}

/// Has it attack the first `images` test images, with the first seed; `ours` are the files of our images after each step
/// where images are compared.
pub(super) fn attack(
    process: &mut Process,
    attack: &Attack,
    model: &Model,
    images: u64,
    ours: Option<&[PathBuf]>,
) -> Result<Answer> {
    let radii = match &attack.compared {
        Compared::Distances => json!([null]),
        other => json!(other.radii()),
    };
    let mut more = json!({"first": 0, "images": images, "radii": radii, "seed": 0});
    if let Some(files) = ours {
        more["ours"] = json!(files);
    }
    let answer = process.ask(&request(attack, model, more)?)?;
    parse(answer, attack.compared.radii().len().max(1), images)
}

/// Has it attack a part.
pub(super) fn attack_part(
    process: &mut Process,
    attack: &Attack,
    model: &Model,
    part: &Part,
) -> Result<Answer> {
    let Part { radius, seed, first, images } = *part;
    let more = json!({"first": first, "images": images, "radii": [radius], "seed": seed});
    parse(process.ask(&request(attack, model, more)?)?, 1, images)
}

/// The attack and its settings, the model, and `more` keys.
fn request(attack: &Attack, model: &Model, more: Value) -> Result<Value> {
    let mut request = json!({"do": "attack", "weights": model.weights});
    for more in [serde_json::to_value(attack.theirs)?, more] {
        if let (Some(keys), Value::Object(more)) = (request.as_object_mut(), more) {
            keys.extend(more);
        }
    }
    Ok(request)
}

fn parse(answer: Value, radii: usize, images: u64) -> Result<Answer> {
    let text = answer.to_string();
    let answer: Answer =
        serde_json::from_value(answer).with_context(|| format!("Python answered {text:.200}"))?;
    let whole = answer.correct.len() == radii
        && answer.correct.iter().all(|digits| digits.len() as u64 == images)
        && answer.distances.as_ref().is_none_or(|distances| distances.len() as u64 == images);
    ensure!(whole, "Python answered for other images or radii: {text:.200}");
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::crosscheck::plan::ATTACKS;

    /// In the form of what bench/crosscheck/crosscheck.py answers about two images.
    const LINES: [&str; 2] = [
        r#"{"seconds": 0.1887344690003374, "correct": ["11"], "distances": null, "images": {"radius": 0.1, "pixels": 1568, "differing": 0, "ours_right": 0, "theirs_right": 0, "undecided": 0, "largest": 0.0, "ours_from_double": 2.384185793236071e-08, "steps": {"pixels": 1568, "differing": 0, "undecided": 0}}}"#,
        r#"{"seconds": 0.9014955880011257, "correct": ["01"], "distances": [0.18882638216018677, null], "images": null}"#,
    ];

    fn line(number: usize) -> Value {
        serde_json::from_str(LINES[number]).unwrap()
    }

    #[test]
    fn answers_of_the_python_side_are_understood() {
        let images = parse(line(0), 1, 2).unwrap();
        assert_eq!(images.images.unwrap().pixels, 1568);
        let distances = parse(line(1), 1, 2).unwrap();
        assert_eq!(distances.correct, ["01"]);
        assert_eq!(distances.distances.unwrap()[1], None);
    }

    #[test]
    fn answers_for_something_else_are_refused() {
        for (radii, images) in [(2, 2), (1, 3)] {
            let error = parse(line(1), radii, images).unwrap_err().to_string();
            assert!(error.contains("other images or radii"), "{error}");
        }
        assert!(parse(json!({"seconds": 1.0}), 1, 2).is_err());
    }

    #[test]
    fn a_request_says_all_that_the_attack_needs() {
        let model = Model { name: "mnist_bal", weights: "/r/mnist_bal.safetensors".into() };
        let attack = ATTACKS.iter().find(|attack| attack.name == "pgd").unwrap();
        let more = json!({"first": 0, "images": 16, "radii": [0.1], "seed": 0, "ours": ["/t/x"]});
        let expected = json!({"do": "attack", "library": "torchattacks", "attack": "pgd", "norm": "linf", "steps": 40,
            "parts": 16.0, "weights": "/r/mnist_bal.safetensors", "first": 0, "images": 16, "radii": [0.1], "seed": 0,
            "ours": ["/t/x"]});
        assert_eq!(request(attack, &model, more).unwrap(), expected);
    }

    #[test]
    fn parts_are_the_batches_of_the_python_side() {
        let parts: Vec<_> = Part::all(600, 0.1, 2).collect();
        let of = |first, images| Part { radius: 0.1, seed: 2, first, images };
        assert_eq!(parts, [of(0, 256), of(256, 256), of(512, 88)]);
        let source = include_str!("../../../../../bench/crosscheck/crosscheck.py");
        assert!(source.contains(&format!("\nBATCH = {BATCH}\n")));
    }
}
