//! pip as a downloader: it brings wheels from wherever the user's own settings say, and installs nothing.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::cargo::run;
use crate::setup::wheels::Wheel;

/// What helps when pip does not.
pub(super) const WAY_OUT: &str = "install LibTorch yourself and set LIBTORCH to its folder, or set LIBTORCH_USE_PYTORCH=1 where \
    `import torch` works";

/// Checks that there is a pip.
pub(super) fn check() -> Result<()> {
    let found = python()
        .args(["-m", "pip", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| {
            format!("LibTorch comes through pip, but there is no python3 (Debian: `apt-get install python3-pip`); or {WAY_OUT}")
        })?;
    ensure!(
        found.success(),
        "LibTorch comes through pip, which this python3 does not have (Debian: `apt-get install python3-pip`; \
         elsewhere `python3 -m ensurepip --user`); or {WAY_OUT}"
    );
    Ok(())
}

/// Downloads `wheel` into `folder`, which is empty and is pip's alone.
pub(super) fn fetch(wheel: &Wheel, folder: &Path) -> Result<()> {
    // With a hash pip takes that very file, also where another index offers a build of the same version.
    let requirements = folder.join("requirements.txt");
    std::fs::write(&requirements, format!("{} --hash=sha256:{}\n", wheel.requirement, wheel.sha256))
        .with_context(|| format!("cannot write {}", requirements.display()))?;
    let mut pip = python();
    pip.args(["-m", "pip", "download", "--no-deps", "--only-binary", ":all:"])
        .args(["--disable-pip-version-check", "--no-input", "--no-cache-dir"])
        // The wheel is for a fixed Python, whatever the user's is: nothing of it is run.
        .args(["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"])
        .args(["--platform", &wheel.platform])
        .arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(folder)
        // Half a gigabyte may be too much for a /tmp in memory.
        .env("TMPDIR", folder)
        // Newer versions of pip go on where a broken connection stopped; older ones do not know the setting.
        .env("PIP_RESUME_RETRIES", "10");
    run(&mut pip)
}

fn python() -> Command {
    Command::new("python3")
}
