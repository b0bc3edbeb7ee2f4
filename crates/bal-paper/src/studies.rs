//! The paper's studies, drawn again from a results folder.

use std::fs;
use std::path::{Path, PathBuf};

use bal_report::{ReportError, whole};

mod answers;
mod ball;
mod comparison;
mod fig2;
mod methods;
mod methods_figure;
mod questions;
mod regression;
mod reliability;
mod runs;
mod samplers;
mod scaling;
mod spatial;
mod study;
#[cfg(test)]
pub(crate) mod synthetic;

pub(crate) use answers::Answers;
pub(crate) use ball::{DataCell, InBall, Kernel, ManyChains};
pub(crate) use comparison::{Comparison, Row};
pub(crate) use fig2::fig2;
pub(crate) use fig2::{Quantity, SampleSizes};
pub(crate) use methods::{Method, PGD_NOTE};
pub(crate) use methods_figure::methods;
pub(crate) use questions::Question;
pub(crate) use regression::{METHODS, OnSplit, OnTable, RADII, Regression};
pub(crate) use reliability::reliability;
pub(crate) use reliability::{calibration_of, calibrations};
pub(crate) use runs::{evaluation, seed_folder};
pub(crate) use samplers::{Explored, SAMPLERS};
pub(crate) use scaling::scaling;
pub(crate) use spatial::{THREATS, Threats};
pub(crate) use study::BESIDE_BAL;
pub(crate) use study::{APPENDIX_A, APPENDIX_A_FASTER, FIG1, FIG3, FIG3_TUNED, Study};

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
