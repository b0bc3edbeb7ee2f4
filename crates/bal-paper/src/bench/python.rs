//! The Python environment of the peer, which also checks what the documentation says to Python.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use bal_files::Lock;

use bal_chores::Repository;
use bal_chores::run;

/// The interpreter of the peer's own environment, made if it is not there yet.
///
/// A file is written last, with the requirements that were met: what was interrupted or is of older requirements is
/// made again.
pub(crate) fn ensure(repository: &Repository) -> Result<PathBuf> {
    let folder = repository.root().join("target/peer-python");
    let requirements = repository.root().join("bench/pytorch/requirements.txt");
    let wanted = std::fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let (python, mark) = (folder.join("bin/python"), folder.join("requirements-met.txt"));
    let is_met = || std::fs::read_to_string(&mark).is_ok_and(|met| met == wanted);
    if is_met() {
        return Ok(python);
    }
    // Beside it: what is in the folder is cleared.
    let _lock = Lock::wait(&folder.with_extension("installing"), &mut |news| eprintln!("{news}"))?;
    if is_met() {
        return Ok(python);
    }
    eprintln!(
        "installing PyTorch into {}: on Linux its wheels take several GB; `--python` names an interpreter that has \
         them already",
        repository.relative(&folder).display()
    );
    install(&folder, &python, &requirements)?;
    bal_files::write(&mark, wanted.as_bytes()).with_context(|| format!("cannot write {}", mark.display()))?;
    Ok(python)
}

fn install(folder: &Path, python: &Path, requirements: &Path) -> Result<()> {
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))
        .context("PyTorch needs python3 with its venv module (Debian: `apt-get install python3-venv`)")?;
    run(Command::new(python)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-cache-dir"])
        .arg("--requirement")
        .arg(requirements)
        // Gigabytes may be too much for a /tmp in memory.
        .env("TMPDIR", folder))
}
