//! Networks, ensembles and their weight files in safetensors, and models that PyTorch saved.

#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod advgan;
mod bfloat16;
mod checkpoint;
mod cnn;
mod description;
mod ensemble;
mod error;
mod exported;
mod init;
mod mlp;
mod posteriors;
#[doc(hidden)]
pub mod readers;
mod registry;
mod regressor;
mod resnet_frn;
mod run_images;
mod saved;
mod sequential;
mod sizes;
mod stacked_layers;
mod stn;
mod tensor_file;
mod traces;
mod tramer;
mod weights;

pub use advgan::{AdvganDiscriminator, AdvganGenerator};
pub use bfloat16::Bfloat16;
pub use checkpoint::{checkpoint_of_bytes, checkpoint_sweep, read_checkpoint, write_checkpoint};
pub use cnn::Cnn;
pub use ensemble::Ensemble;
pub use error::ModelError;
pub use posteriors::read_posteriors;
pub use registry::architecture;
pub use regressor::{Regressor, ValueNoise};
pub use resnet_frn::ResnetFrn;
pub use run_images::{Part, RunImages, read_run_images, write_run_images};
pub use saved::{Normalisation, SavedNetworks, SavedSettings, exported_input_shape, is_exported};
pub use sizes::Sizes;
pub use stn::Stn;
pub use tensor_file::TensorFile;
pub use traces::{Traces, read_traces, write_traces};
pub use weights::{has_columns, posterior_bytes, posterior_of_bytes, read_posterior, write_posterior};
