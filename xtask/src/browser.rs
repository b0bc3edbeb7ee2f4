//! A browser without a window, in which tests open the pages of `bal report`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};

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

/// The browser: that of `BAL_CHROMIUM`, or one that is installed; none is a reason to leave its tests out, and to say so.
///
/// # Errors
/// Where the one that is named does not run.
pub(crate) fn find() -> Result<Option<PathBuf>> {
    match env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(named) => named_one(PathBuf::from(named)).map(Some),
        None => Ok(installed()),
    }
}

fn named_one(path: PathBuf) -> Result<PathBuf> {
    ensure!(runs(&path), "{VARIABLE} names {}, which does not run", path.display());
    Ok(path)
}

fn installed() -> Option<PathBuf> {
    let names = NAMES.iter().chain(APPLICATIONS.iter().filter(|_| cfg!(target_os = "macos")));
    names.map(PathBuf::from).find(|path| runs(path))
}

fn runs(browser: &Path) -> bool {
    let status = Command::new(browser).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
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
