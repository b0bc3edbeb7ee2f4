//! `check-python`: what docs/python.md says to type, typed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use bal_chores::{Repository, run as run_command, stage};

use crate::cargo::with_libtorch;
use crate::libtorch::LibTorch;

const DOCUMENT: &str = "docs/python.md";

/// The posterior that the document begins with.
const POSTERIOR: &str = "results/fig1/bal-released/posterior.safetensors";

/// Runs the document's commands with the program in the folder `programs`, then its Python by `python`, in a temporary folder.
pub(crate) fn run(
    repository: &Repository,
    libtorch: &LibTorch,
    programs: &Path,
    python: &Path,
) -> Result<()> {
    let path = repository.root().join(DOCUMENT);
    let document = fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let (commands, script) = (blocks(&document, "sh"), blocks(&document, "python"));
    ensure!(!commands.is_empty() && !script.is_empty(), "{DOCUMENT} has no blocks of sh or of python");
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    fs::copy(repository.root().join(POSTERIOR), folder.path().join("posterior.safetensors"))
        .with_context(|| format!("cannot copy {POSTERIOR}"))?;
    let data = env::var_os("BAL_DATA").map_or_else(|| repository.datasets(), PathBuf::from);
    for line in commands.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(("bal", arguments)) = words.split_first().map(|(first, rest)| (*first, rest)) else {
            bail!("{DOCUMENT}: `{line}` is no command of bal");
        };
        let mut command = Command::new(programs.join("bal"));
        command.args(arguments).current_dir(folder.path()).env("BAL_DATA", &data);
        stage(line, || run_command(with_libtorch(&mut command, libtorch)?))?;
    }
    let file = folder.path().join("python.py");
    fs::write(&file, script).with_context(|| format!("cannot write {}", file.display()))?;
    // Warnings of libraries about others are not the document's.
    let mut command = Command::new(python);
    command.args(["-W", "error", "-W", "ignore::DeprecationWarning", "-W", "ignore::FutureWarning"]);
    command.arg(&file).current_dir(folder.path()).env("MNIST", repository.datasets().join("mnist"));
    stage("python", || run_command(&mut command))
}

/// The lines of all blocks of a language, in their order.
fn blocks(document: &str, language: &str) -> String {
    let fence = format!("```{language}");
    let mut inside = false;
    let mut text = String::new();
    for line in document.lines() {
        match line {
            _ if line == fence => inside = true,
            "```" => inside = false,
            _ if inside => text.extend([line, "\n"]),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_language_are_put_together() {
        let document =
            "a\n```sh\nbal x\n```\nb\n```python\nc\n\nd\n```\n```\nplain\n```\n```python\ne\n```\n";
        assert_eq!(blocks(document, "python"), "c\n\nd\ne\n");
        assert_eq!(blocks(document, "sh"), "bal x\n");
    }

    /// Without PyTorch it can at least be seen that the document has what would be run.
    #[test]
    fn the_document_has_commands_and_python() {
        let repository = Repository::find().unwrap();
        let document = fs::read_to_string(repository.root().join(DOCUMENT)).unwrap();
        assert!(blocks(&document, "sh").lines().all(|line| line.starts_with("bal ")));
        let script = blocks(&document, "python");
        assert!(script.contains("load_file(\"posterior.safetensors\")") && script.contains("np.load("));
        assert!(repository.root().join(POSTERIOR).is_file());
    }
}
