//! The program `bal`, built once per use and then run itself.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::cargo::{cargo_with, output, program, run};
use crate::repository::Repository;
use crate::setup::LibTorch;

/// The built program.
pub(crate) struct Bal<'a> {
    executable: PathBuf,
    repository: &'a Repository,
    libtorch: LibTorch,
}

/// The part of cargo's messages that says where a program is.
#[derive(Deserialize)]
struct Artifact {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl<'a> Bal<'a> {
    /// Compiles what is not up to date, with the profile that tests use too, so that all share one build.
    pub(crate) fn build(repository: &'a Repository, libtorch: LibTorch) -> Result<Self> {
        let messages = output(cargo_with(repository, &libtorch)?.args([
            "build",
            "--release",
            "--package",
            "bal-cli",
            "--message-format=json-render-diagnostics",
        ]))?;
        let executable = executable(&String::from_utf8_lossy(&messages))
            .context("cargo built bal-cli but did not say where its program `bal` is")?;
        Ok(Self { executable, repository, libtorch })
    }

    /// Runs `bal` with `arguments` in the root of the checkout.
    pub(crate) fn run(&self, arguments: &[String]) -> Result<()> {
        run(self.command()?.args(arguments))
    }

    /// The same without what it prints as its result, for those who read the file that it writes.
    pub(crate) fn run_quietly(&self, arguments: &[String]) -> Result<()> {
        output(self.command()?.args(arguments)).map(|_| ())
    }

    fn command(&self) -> Result<Command> {
        program(&self.executable, self.repository, &self.libtorch)
    }
}

/// The path of `bal` in cargo's messages, one JSON object a line.
fn executable(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .find(|artifact| artifact.target.as_ref().is_some_and(|target| target.name == "bal"))
        .and_then(|artifact| artifact.executable)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::executable;

    #[test]
    fn the_program_is_found_among_the_messages_of_cargo() {
        let messages = r#"{"reason":"build-script-executed","package_id":"x"}
{"reason":"compiler-artifact","target":{"name":"bal_core","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"bal","kind":["bin"]},"executable":"/t/release/bal"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages).as_deref(), Some(Path::new("/t/release/bal")));
        assert_eq!(executable("not json"), None);
    }
}
