//! The folder of published weights, where the environment names one.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};

/// Names the folder.
pub const VARIABLE: &str = "BAL_REFERENCE";

/// The folder that [`VARIABLE`] names; none where that is not set, or empty.
///
/// # Errors
/// Where it is not there.
pub fn folder() -> Result<Option<PathBuf>> {
    let named = env::var_os(VARIABLE).filter(|value| !value.is_empty());
    named
        .map(|folder| {
            absolute(Path::new(&folder))
                .with_context(|| format!("{VARIABLE} should name a folder of published weights, or be unset"))
        })
        .transpose()
}

/// `bal` and the tests run in the root of the checkout, where a relative path would mean another folder.
///
/// # Errors
/// Where it is not there.
pub fn absolute(folder: &Path) -> Result<PathBuf> {
    fs::canonicalize(folder).with_context(|| format!("cannot find {}", folder.display()))
}
