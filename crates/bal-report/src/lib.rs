//! Run records, evaluations, calibrations and diagnoses, and tables in text; no drawing and no LibTorch.
//!
//! Reading is strict: an unknown or missing key is an error that names the file. [`bal_files::write()`] writes files
//! atomically, so a reader never sees a partial file.

#![doc = include_str!("../README.md")]

pub mod calibration;
mod comparison;
pub mod cost;
#[doc(hidden)]
pub mod csv;
pub mod diagnosis;
mod error;
pub mod evaluation;
mod image_set;
#[doc(hidden)]
pub mod json;
pub mod metrics;
pub mod number;
mod paired;
pub mod record;
pub mod table;
mod tensorboard;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;
mod transfer;
mod value_evaluation;
#[doc(hidden)]
pub mod whole;
pub mod wilson;

pub use calibration::{Answer, Bin, Calibration, CalibrationReport, auroc};
pub use comparison::{Compared, Comparison, PairedPoint, Pairing};
pub use diagnosis::{DIAGNOSIS_FORMAT, Group, QuantityRow, RunDiagnosis, StepSizes};
pub use error::ReportError;
pub use evaluation::{
    Evaluation, ImageRow, Model, Nearest, OfSeed, PerImage, Point, Reached, write_image_rows,
};
pub use image_set::{ImageSet, Split};
pub use metrics::{MetricLine, MetricsWriter};
pub use paired::Pairs;
pub use record::{
    ConfigurationalTemperature, Dataset, Diagnostics, LaplaceFit, PriorPrecision, Record, SamplerRegime,
    Start, Summary, Tried,
};
pub use tensorboard::EventWriter;
pub use transfer::TransferMatrix;
pub use value_evaluation::{INTERVAL, PerRow, ValueEvaluation};
pub use wilson::Interval;
