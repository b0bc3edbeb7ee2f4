//! How the time of a sweep grows with chains, images and threads.

use std::path::Path;

use serde::{Deserialize, Serialize};

use bal_report::{ReportError, json};

/// What `cargo xtask bench scaling` measured. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scaling {
    /// The processor, as the operating system names it.
    pub(crate) cpu: String,
    /// Each is timed so many times.
    pub(crate) repeats: u32,
    /// What large matrix products reach.
    pub(crate) peaks: Vec<Peak>,
    /// The sweeps.
    pub(crate) sweeps: Vec<Sweep>,
}

/// The speed of a product of large matrices in 32-bit floats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peak {
    /// Threads that multiply, each its own matrices.
    pub(crate) threads: u32,
    /// Floating-point operations per second, all threads together; a multiplication with its addition counts two.
    pub(crate) flops: f64,
}

/// Sweeps of preset `released` of one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sweep {
    /// Threads.
    pub(crate) threads: u32,
    /// Parameter chains.
    pub(crate) chains: u32,
    /// Images.
    pub(crate) batch: u32,
    /// Seconds: the median, the least and the most.
    pub(crate) median: f64,
    /// The fastest.
    pub(crate) least: f64,
    /// The slowest.
    pub(crate) most: f64,
    /// Operations of all convolutions and products, every output's gradient counted.
    pub(crate) operations: f64,
}

impl Scaling {
    /// Reads a file that [`Self::write`] wrote.
    ///
    /// Errors name the file and what is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<Self, ReportError> {
        let scaling: Self = json::read(path)?;
        for sweep in &scaling.sweeps {
            let Sweep { median, least, most, operations, .. } = *sweep;
            let fine =
                0.0 < least && least <= median && median <= most && most.is_finite() && operations > 0.0;
            if !fine {
                return Err(ReportError::invalid(path, format!("{sweep:?} is no measurement")));
            }
        }
        Ok(scaling)
    }

    /// Writes the file whole.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ReportError> {
        json::write(path, self)
    }

    /// Seconds that the operations of `sweep` would take at the speed of a large matrix product.
    pub(crate) fn floor(&self, sweep: &Sweep) -> Option<f64> {
        let peak = self.peaks.iter().find(|peak| peak.threads == sweep.threads)?;
        Some(sweep.operations / peak.flops)
    }
}
