//! The same work here and in `PyTorch`, timed in alternation.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::spread::Spread;
use bal_report::{ReportError, json};

/// What `cargo xtask bench peer` measured. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    /// The processor, as the operating system names it.
    pub(crate) cpu: String,
    /// The version of `PyTorch`.
    pub(crate) torch: String,
    /// Threads of every side.
    pub(crate) threads: u32,
    /// Measurements of every side.
    pub(crate) pairs: u32,
    /// The sides, ours first.
    pub(crate) sides: Vec<String>,
    /// The largest difference of each other side's gradients from ours, in units of the tensor's largest value.
    pub(crate) gradients: Vec<f64>,
    /// What was timed.
    pub(crate) measures: Vec<Measure>,
    /// Most memory that each side had resident, in bytes.
    pub(crate) peak: Vec<f64>,
}

/// One piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measure {
    /// What it is, in words.
    pub(crate) title: String,
    /// Seconds of each side.
    pub(crate) seconds: Vec<Spread>,
    /// How many times as long as ours each other side took, round by round.
    pub(crate) ratios: Vec<Spread>,
}

impl Peer {
    /// Reads a file that [`Self::write`] wrote.
    ///
    /// Errors name the file and what is wrong with it.
    pub(crate) fn read(path: &Path) -> Result<Self, ReportError> {
        let peer: Self = json::read(path)?;
        let (sides, others) = (peer.sides.len(), peer.sides.len().saturating_sub(1));
        if others == 0 || peer.gradients.len() != others || peer.peak.len() != sides {
            return Err(ReportError::invalid(path, "its lists have not an entry for each side".to_owned()));
        }
        for measure in &peer.measures {
            let whole = measure.seconds.len() == sides && measure.ratios.len() == others;
            if !whole || !measure.seconds.iter().chain(&measure.ratios).all(Spread::is_positive) {
                return Err(ReportError::invalid(path, format!("{:?} is no measurement", measure.title)));
            }
        }
        Ok(peer)
    }

    /// Writes the file whole.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ReportError> {
        json::write(path, self)
    }
}
