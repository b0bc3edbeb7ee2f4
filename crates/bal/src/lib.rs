//! Bayesian adversarial learning as one library: train a posterior over network weights against a distribution of
//! adversarial examples, attack the posterior or any model that PyTorch saved, and measure robustness.
//!
//! Every task is a function from values to values. The library prints nothing: an [`Observer`] receives notes and progress. An
//! error says what is wrong; a [`Refusal`] among its causes also gives a remedy.
//!
#![doc = include_str!("../README.md")]

mod answers;
mod calibrate;
mod check;
mod checked;
mod class_order;
mod compare;
mod dataset;
mod device;
mod diagnose;
mod download;
mod estimate;
mod evaluate;
mod experiment;
mod export;
mod file_digest;
mod flat;
mod followed;
mod image_selection;
mod last_batch;
mod model_source;
mod observer;
mod options;
mod outputs;
mod overrides;
mod own_images;
mod partial;
mod predict;
mod published;
mod ranks;
#[doc(hidden)]
pub mod readers;
mod refusal;
mod report;
mod run_folder;
mod run_record;
pub mod runs;
mod session;
mod sources;
mod start;
mod tables;
mod train;
mod train_beside;
mod trained_on;
mod transfer;
mod units;
mod values;
mod versions;

pub use anyhow::{Error, Result};
pub use calibrate::{CalibrateRequest, Calibrated, calibrate};
pub use checked::Checked;
pub use compare::{CompareRequest, compare};
pub use diagnose::{DiagnoseRequest, Diagnosed, Quantities, diagnose};
pub use download::download;
pub use estimate::seconds_per_batch;
pub use evaluate::{
    EvaluateRequest, Measured, MergeRequest, Merged, Part, PartDone, Surrogate, Verified, VerifyRequest,
    evaluate, evaluate_part, measure, measure_beside, merge, verify,
};
pub use experiment::{
    AdversarialSettings, AdvganTraining, AttackTable, BnnSettings, ErmSettings, Experiment,
    ExperimentRequest, Meaning, NamedSources, NetworkSettings, NoiseSettings, NoiseSource, Origin, Plan,
    Precision, RegressionSettings, SourceTable, Start, TableSettings, TestSettings, VictimTable, WrmTraining,
};
pub use export::export;
pub use image_selection::ImageSelection;
pub use model_source::{FileKind, LoadedModel, ModelFiles, ModelSource, ReadyModel, Saved};
pub use observer::{Level, Note, Observer, Progress, Silent, Work};
pub use options::Options;
pub use outputs::{Outputs, can_be_written};
pub use own_images::{ImageSettings, named as images_named};
pub use partial::Partial;
pub use predict::{Predicted, Predictor, predict};
pub use published::is_known as is_known_dataset;
pub use refusal::{Refusal, Remedy, causes, told};
pub use report::{ReportRequest, report};
pub use run_folder::{RunFolder, Status};
pub use session::Session;
pub use train::{Ending, TrainRequest, Trained, train};
pub use transfer::{TransferRequest, transfer};
pub use values::{PredictedValue, ValuesRequest, evaluate_values, predict_values, says_values};
pub use versions::versions;

pub use bal_attacks::{self as attacks, AttackName, AttackSpec, Norm, Radii};
pub use bal_cluster::Cluster;
pub use bal_core::Cut;
pub use bal_data::Set;
pub use bal_layers::cuda;
pub use bal_report::{Comparison, Evaluation, Split, TransferMatrix, ValueEvaluation};
pub use tch::Device;
