//! Run records, evaluations, calibrations and diagnoses, with the figure and the table of a diagnosis; without LibTorch.
//!
//! Reading is strict: an unknown or missing key is an error that names the file. [`bal_files::write()`] writes files
//! atomically, so a reader never sees a partial file.

#![doc = include_str!("../README.md")]

pub mod calibration;
pub mod cost;
#[doc(hidden)]
pub mod csv;
pub mod diagnosis;
#[doc(hidden)]
pub mod drawing;
mod error;
pub mod evaluation;
pub mod figures;
mod image_grid;
mod image_set;
#[doc(hidden)]
pub mod json;
pub mod metrics;
pub mod record;
pub mod table;
mod tensorboard;
#[doc(hidden)]
pub mod whole;
pub mod wilson;

pub use calibration::{Answer, Bin, Calibration, CalibrationReport, auroc};
pub use diagnosis::{DIAGNOSIS_FORMAT, Group, QuantityRow, RunDiagnosis, StepSizes};
pub use drawing::Colour;
pub use error::ReportError;
pub use evaluation::{Evaluation, ImageRow, Model, Nearest, PerImage, Point, Reached, write_image_rows};
pub use image_grid::{Cell, ImageGrid};
pub use image_set::{ImageSet, Split};
pub use metrics::{MetricLine, MetricsWriter};
pub use record::{Dataset, Diagnostics, Record, Start, Summary};
pub use tensorboard::EventWriter;
pub use wilson::Interval;
