//! Programs of the workspace that link LibTorch: compiled, and found where cargo put them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::cargo::{cargo_with, output};
use crate::repository::Repository;
use crate::setup::LibTorch;

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

/// Compiles what is not up to date of `package`, with the profile that tests use too, so that all share one build, and
/// returns the path of its program.
pub(crate) fn build(
    repository: &Repository,
    libtorch: &LibTorch,
    package: &str,
    program: &str,
) -> Result<PathBuf> {
    let messages = output(cargo_with(repository, libtorch)?.args([
        "build",
        "--release",
        "--package",
        package,
        "--message-format=json-render-diagnostics",
    ]))?;
    executable(&String::from_utf8_lossy(&messages), program)
        .with_context(|| format!("cargo built {package} but did not say where its program `{program}` is"))
}

/// The path of `program` in cargo's messages, one JSON object a line.
fn executable(messages: &str, program: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Artifact>(line).ok())
        .find(|artifact| artifact.target.as_ref().is_some_and(|target| target.name == program))
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
        assert_eq!(executable(messages, "bal").as_deref(), Some(Path::new("/t/release/bal")));
        assert_eq!(executable("not json", "bal"), None);
    }
}
