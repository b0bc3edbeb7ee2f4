//! The paper's figures, drawn again from a results folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{ReportError, atomic};

mod comparison;
mod fig1;
mod fig2;
mod methods;
mod runs;
mod scaling;
#[cfg(test)]
pub(crate) mod synthetic;

pub(crate) use comparison::{Comparison, Row, grouped_digits};
pub use fig1::fig1;
pub use fig2::fig2;
pub(crate) use fig2::{Quantity, SampleSizes};
pub(crate) use methods::{Method, PGD_NOTE};
pub use scaling::scaling;

/// The names of the run folders that Figure 1 is drawn from, in the order of its legend.
pub const FIG1_RUNS: [&str; 9] =
    ["erm", "fgsm", "ifgsm", "pgd", "wrm", "bnn", "bal-released", "bal-paper", "bal-exact"];

/// Writes files of these names into `folder`, which is created if missing; returns their paths.
fn write_all(folder: &Path, files: Vec<(String, Vec<u8>)>) -> Result<Vec<PathBuf>, ReportError> {
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    let write = |(name, bytes): (String, Vec<u8>)| {
        let path = folder.join(name);
        atomic::write(&path, &bytes)?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}
