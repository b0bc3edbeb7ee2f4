//! The paper's figures, drawn again from a results folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{ReportError, whole};

mod comparison;
mod fig2;
mod methods;
mod methods_figure;
mod reliability;
mod runs;
mod scaling;
mod study;
#[cfg(test)]
pub(crate) mod synthetic;
mod traces;

pub(crate) use comparison::{Comparison, Row, grouped_digits};
pub use fig2::fig2;
pub(crate) use fig2::{Quantity, SampleSizes};
pub(crate) use methods::{Method, PGD_NOTE};
pub use methods_figure::methods;
pub use reliability::reliability;
pub(crate) use reliability::{calibration_of, calibrations};
pub(crate) use runs::{evaluation, seed_folder};
pub use scaling::scaling;
pub(crate) use study::BESIDE_BAL;
pub use study::{APPENDIX_A, APPENDIX_A_FASTER, FIG1, FIG3, FIG3_OFFICIAL, FIG3_TUNED, Study};
pub use traces::{Followed, FollowedGroup, traces, traces_png};

/// The comparisons whose runs are attacked strongly and calibrated.
pub(crate) const ROBUSTNESS_STUDIES: [&Study; 4] = [&FIG1, &BESIDE_BAL, &APPENDIX_A, &FIG3];

/// Writes files of these names into `folder`, which is created if missing; returns their paths.
fn write_all(folder: &Path, files: Vec<(String, Vec<u8>)>) -> Result<Vec<PathBuf>, ReportError> {
    fs::create_dir_all(folder).map_err(|source| ReportError::Write { path: folder.to_owned(), source })?;
    let write = |(name, bytes): (String, Vec<u8>)| {
        let path = folder.join(name);
        whole::write(&path, &bytes)?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}
