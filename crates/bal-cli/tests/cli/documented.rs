//! The commands of the tutorial and of the README, run from their very text.
//!
//! What is printed in a block marked `sh` and begins with `bal` is run as it stands, in the order of the text, but for what
//! takes long: training ends after two batches, and fewer images are attacked.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A folder like a fresh clone, as far as `bal` looks at one.
fn clone() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["experiments", "datasets"] {
        symlink(repository().join(part), folder.path().join(part)).unwrap();
    }
    let fixtures = repository().join("crates/bal-models/tests/fixtures");
    for (fixture, name) in [("torchscript.pt", "model.pt"), ("exported-mnist.pt2", "model.pt2")] {
        fs::copy(fixtures.join(fixture), folder.path().join(name)).unwrap();
    }
    let weights = repository().join("results/fig1/erm/posterior.safetensors");
    fs::copy(weights, folder.path().join("posterior.safetensors")).unwrap();
    folder
}

/// Commands of the blocks marked `sh`, lines that end in a backslash joined.
fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n"));
    let joined = blocks.map(|block| block.replace("\\\n", " "));
    let lines: Vec<String> =
        joined.flat_map(|block| block.lines().map(String::from).collect::<Vec<_>>()).collect();
    lines.into_iter().filter(|line| line.starts_with("bal ")).collect()
}

/// The same command, made short.
fn shortened(command: &str) -> String {
    let mut words: Vec<String> = command.split_whitespace().map(String::from).collect();
    let verb = words[1].clone();
    let has = |words: &[String], flag: &str| words.iter().any(|word| word == flag);
    if let Some(place) = words.iter().position(|word| ["--limit", "--sample"].contains(&word.as_str())) {
        words[place + 1] = if verb == "export" { "200" } else { "16" }.into();
    } else if ["evaluate", "calibrate"].contains(&verb.as_str()) && !has(&words, "--verify") {
        words.extend(["--limit", "16"].map(String::from));
    }
    match verb.as_str() {
        "train" if !has(&words, "--resume") => {
            words.extend(["--max-sweeps", "2", "--quick"].map(String::from));
            let from_nothing = words.iter().any(|word| word.contains("erm"));
            if !from_nothing {
                words.extend(["--start", "runs/erm-to-start-from"].map(String::from));
            }
        }
        "explain" => words.push("--no-timing".into()),
        "report" => words.extend(["--images", "40", "--attacked", "8"].map(String::from)),
        _ => {}
    }
    words.join(" ")
}

fn run(folder: &Path, command: &str) -> String {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_bal"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output =
        Command::new("sh").args(["-c", command]).current_dir(folder).env("PATH", path).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn all(document: &str, at_least: usize) {
    let folder = clone();
    let erm = "bal train --experiment experiments/mnist-erm.toml --max-sweeps 2 --out runs/erm-to-start-from";
    run(folder.path(), erm);
    let commands = commands(&fs::read_to_string(repository().join(document)).unwrap());
    assert!(commands.len() >= at_least, "{commands:?}");
    for command in commands {
        run(folder.path(), &shortened(&command));
    }
}

#[test]
fn the_commands_of_the_tutorial_work() {
    all("docs/tutorial.md", 15);
}

#[test]
fn the_commands_of_the_readme_work() {
    all("README.md", 10);
}

#[test]
fn commands_are_taken_from_blocks_of_shell_only() {
    let text = "```sh\nbal a \\\n    b\ncargo c\n```\nbal d\n```text\nbal e\n```\n";
    assert_eq!(commands(text), ["bal a      b"]);
}
