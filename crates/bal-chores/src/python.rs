//! The project's own Python, with PyTorch, for what is compared with it, built for it, and documented for it.

use crate::{Repository, run};
use anyhow::{Context, Result};
use bal_files::Lock;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where it is.
fn place(repository: &Repository) -> PathBuf {
    repository.root().join("target/peer-python")
}

/// Its interpreter, if it was made and has what is required now.
#[must_use]
pub fn made(repository: &Repository) -> Option<PathBuf> {
    let folder = place(repository);
    let (met, wanted) = (fs::read_to_string(mark(&folder)).ok()?, wanted(repository).ok()?);
    (met == wanted).then(|| interpreter(&folder))
}

/// The same, made if it is not there yet.
///
/// A file is written last, with the requirements that were met: what was interrupted or is of older requirements is
/// made again.
///
/// # Errors
/// When it cannot be made.
pub fn ensure(repository: &Repository) -> Result<PathBuf> {
    if let Some(python) = made(repository) {
        return Ok(python);
    }
    let folder = place(repository);
    // Beside it: what is in the folder is cleared.
    let _lock = Lock::wait(&folder.with_extension("installing"), &mut |news| eprintln!("{news}"))?;
    if let Some(python) = made(repository) {
        return Ok(python);
    }
    eprintln!(
        "installing PyTorch into {}: on Linux its wheels take several GB; a Python that has them already can be named instead",
        repository.relative(&folder).display()
    );
    install(&folder, &requirements(repository))?;
    let mark = mark(&folder);
    bal_files::write(&mark, wanted(repository)?.as_bytes())
        .with_context(|| format!("cannot write {}", mark.display()))?;
    Ok(interpreter(&folder))
}

fn requirements(repository: &Repository) -> PathBuf {
    repository.root().join("bench/pytorch/requirements.txt")
}

fn wanted(repository: &Repository) -> Result<String> {
    let path = requirements(repository);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn mark(folder: &Path) -> PathBuf {
    folder.join("requirements-met.txt")
}

fn interpreter(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// What makes the environment: as the module's own command does, but without a pip of its own.
const MAKE: &str = "import sys, venv; venv.create(sys.argv[1], clear=True, symlinks=True, with_pip=False)";

/// An environment without a pip, filled by the pip that set LibTorch up: Debian has pip without what `venv` needs to copy it.
fn install(folder: &Path, requirements: &Path) -> Result<()> {
    run(Command::new("python3").args(["-c", MAKE]).arg(folder))
        .context("PyTorch needs python3 with its venv module")?;
    // Gigabytes may be too much for a /tmp in memory.
    run(pip_install(&interpreter(folder)).arg("-r").arg(requirements).env("TMPDIR", folder))
        .context("PyTorch needs `python3 -m pip`, version 22.3 or later")
}

/// `pip install` for the interpreter `python`, which need not have a pip.
#[must_use]
pub fn pip_install(python: &Path) -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "-q"]);
    pip.env("PIP_PYTHON", python).env("PIP_NO_INPUT", "1").env("PIP_NO_CACHE_DIR", "1");
    pip.env("PIP_DISABLE_PIP_VERSION_CHECK", "1").env("PIP_ROOT_USER_ACTION", "ignore");
    pip
}
