//! Run records, evaluations, and the figures and tables drawn from them; no LibTorch.
//!
//! Files are read strictly (an unknown or missing key is an error that names the file) and written whole by
//! [`bal_files::write()`], so a reader never meets half a file.
//! Figures are functions of the results folder alone.

#![doc = include_str!("../README.md")]

pub mod calibration;
pub mod cost;
pub mod crosscheck;
mod csv;
pub mod diagnosis;
mod drawing;
mod error;
pub mod evaluation;
pub mod figures;
mod image_grid;
mod image_set;
mod json;
pub mod metrics;
pub mod peer;
pub mod published;
pub mod record;
pub mod scaling;
pub mod spread;
pub mod table;
mod tensorboard;
pub mod tuning;
mod whole;
pub mod wilson;

pub use calibration::{Answer, Bin, Calibration, CalibrationReport, auroc};
pub use diagnosis::{DIAGNOSIS_FORMAT, Group, QuantityRow, RunDiagnosis, StepSizes};
pub use drawing::Colour;
pub use error::ReportError;
pub use evaluation::{Evaluation, ImageRow, Model, Nearest, PerImage, Point, Reached, write_image_rows};
pub use image_grid::{Cell, ImageGrid};
pub use image_set::{ImageSet, Split};
pub use metrics::{MetricLine, MetricsWriter};
pub use published::Published;
pub use record::{Dataset, Diagnostics, Record, Start, Summary};
pub use tensorboard::EventWriter;
pub use tuning::{Trial, Tuning};
pub use wilson::Interval;
