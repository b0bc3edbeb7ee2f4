//! How a training goes, whatever the experiment.

use std::path::PathBuf;

/// How to train.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A finished run to start from, instead of the one that the experiment names.
    pub start: Option<PathBuf>,
    /// Ends the run after so many batches; the record says so.
    pub max_sweeps: Option<u64>,
    /// Marks the record as made for a quick look.
    pub quick: bool,
    /// Also writes `TensorBoard`'s event files.
    pub tensorboard: bool,
}
