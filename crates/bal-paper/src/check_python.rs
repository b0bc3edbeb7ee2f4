//! `check-python`: what docs/python.md says to type, typed.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::bench::python;
use bal_chores::Bal;
use bal_chores::Repository;
use bal_chores::run as run_command;
use bal_chores::stage;

/// Run the commands and the Python of docs/python.md, in a temporary folder
///
/// PyTorch is installed into target/ by itself, unless --python has it: several GB.
#[derive(Args)]
pub(crate) struct Options {
    /// A Python that has PyTorch, numpy and safetensors
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
}

const DOCUMENT: &str = "docs/python.md";

/// The posterior that the document begins with.
const POSTERIOR: &str = "results/fig1/bal-released/posterior.safetensors";

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let python = match &options.python {
        Some(python) => python.clone(),
        None => stage("PyTorch", || python::ensure(repository))?,
    };
    let path = repository.root().join(DOCUMENT);
    let document = fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let (commands, script) = (blocks(&document, "sh"), blocks(&document, "python"));
    ensure!(!commands.is_empty() && !script.is_empty(), "{DOCUMENT} has no blocks of sh or of python");
    let bal = Bal::beside(repository)?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    fs::copy(repository.root().join(POSTERIOR), folder.path().join("posterior.safetensors"))
        .with_context(|| format!("cannot copy {POSTERIOR}"))?;
    let data = env::var_os("BAL_DATA").map_or_else(|| repository.datasets(), PathBuf::from);
    for line in commands.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some(("bal", arguments)) = words.split_first().map(|(first, rest)| (*first, rest)) else {
            anyhow::bail!("{DOCUMENT}: `{line}` is no command of bal");
        };
        let mut command = bal.command();
        command.args(arguments).current_dir(folder.path()).env("BAL_DATA", &data);
        stage(line, || run_command(&mut command))?;
    }
    let file = folder.path().join("python.py");
    fs::write(&file, script).with_context(|| format!("cannot write {}", file.display()))?;
    stage("python", || {
        run_command(Command::new(&python).arg("-W").arg("error").arg(&file).current_dir(folder.path()))
    })
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
