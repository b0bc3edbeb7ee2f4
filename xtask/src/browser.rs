//! A browser without a window, in which tests open the pages of `bal report`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};

use bal_chores::run as run_command;

/// Names the browser, for tests and for those who have one elsewhere.
pub(crate) const VARIABLE: &str = "BAL_CHROMIUM";

/// What a browser that will do is called.
const NAMES: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell"];

/// Where macOS has them.
const APPLICATIONS: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// The browser: that of `BAL_CHROMIUM`, one that is installed, or Debian's, installed now where we may.
pub(crate) fn ensure_there() -> Result<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        return named_one(PathBuf::from(named));
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    if cfg!(target_os = "linux") && may_install() {
        eprintln!("no Chromium is installed, so Debian's is now");
        run_command(&mut apt(&["update"]))?;
        run_command(&mut apt(&["install", "--yes", "--no-install-recommends", "chromium"]))?;
    }
    match find() {
        Some(found) => Ok(found),
        None => bail!(
            "tests open the pages of `bal report` in a Chromium or Chrome, and none is installed (Debian: `sudo apt-get \
             install chromium`; macOS: `brew install --cask chromium`); or set {VARIABLE} to one"
        ),
    }
}

fn named_one(path: PathBuf) -> Result<PathBuf> {
    ensure!(runs(&path), "{VARIABLE} names {}, which does not run", path.display());
    Ok(path)
}

fn find() -> Option<PathBuf> {
    let names = NAMES.iter().chain(APPLICATIONS.iter().filter(|_| cfg!(target_os = "macos")));
    names.map(PathBuf::from).find(|path| runs(path))
}

fn runs(browser: &Path) -> bool {
    let status = Command::new(browser).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Whether we are root on a Debian or one of its kin.
fn may_install() -> bool {
    rustix::process::geteuid().is_root() && runs(Path::new("apt-get"))
}

fn apt(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_browser_that_does_not_run_is_refused_by_name() {
        let error = named_one("/no/such/browser".into()).unwrap_err().to_string();
        assert!(error.contains(VARIABLE) && error.contains("/no/such/browser"), "{error}");
    }

    #[test]
    fn a_program_that_says_its_version_runs() {
        assert!(runs(Path::new("cargo")) && !runs(Path::new("no-such-program-here")));
    }
}
