//! Settings that several methods share.

use bal_core::TrainError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often the training images are gone through, and in what portions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epochs {
    /// Passes over the training images, at least 1.
    pub epochs: u64,
    /// Images in a batch, at least 1. A batch is a sweep.
    pub batch_size: usize,
    /// Whether the last images of an epoch, too few for a batch, make a smaller batch or sit this epoch out.
    #[serde(default, skip_serializing_if = "LastBatch::is_kept")]
    pub last_batch: LastBatch,
}

/// The fate of the images that are left of an epoch when the full batches are through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastBatch {
    /// They make a smaller batch.
    #[default]
    Keep,
    /// They sit this epoch out; the next one shuffles anew.
    Drop,
}

impl LastBatch {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    fn is_kept(&self) -> bool {
        *self == Self::Keep
    }
}

impl Epochs {
    /// All images in each of `epochs` passes, in batches of `batch_size`.
    pub fn new(epochs: u64, batch_size: usize) -> Self {
        Self { epochs, batch_size, last_batch: LastBatch::Keep }
    }

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`TrainError::Setting`] for a zero.
    pub fn checked(self) -> Result<Self, TrainError> {
        check("epochs", self.epochs as f64, self.epochs > 0, "at least 1 is needed")?;
        check("batch_size", self.batch_size as f64, self.batch_size > 0, "at least 1 is needed")?;
        Ok(self)
    }
}

/// Whether dropout and batch statistics act while the weights move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkMode {
    /// Dropout draws a new mask in each step; batch statistics are the batch's.
    Train,
    /// No dropout, stored batch statistics: the energy is a function of the weights.
    Evaluate,
}

/// On what, and how often, the agreement of the chains is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceSettings {
    /// Held-out images whose log-probabilities show whether the chains agree; 0 for none.
    pub images: i64,
    /// Sweeps from one draw of these log-probabilities to the next, at least 1.
    pub every: u64,
    /// Sweeps before the first draw.
    pub burn_in: u64,
}

/// `Ok` when `good`, else an error that names the setting, its value and what is wrong.
pub(crate) fn check(setting: &str, value: f64, good: bool, why: &str) -> Result<(), TrainError> {
    if good {
        return Ok(());
    }
    Err(TrainError::Setting { setting: setting.into(), value: value.to_string(), why: why.into() })
}
