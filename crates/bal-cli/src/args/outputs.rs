//! The output files of an evaluation.

use crate::output;
use bal::Outputs;
use clap::Args;
use std::path::PathBuf;

/// Output files; `-` is standard output.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files to write")]
pub(crate) struct OutputFlags {
    /// All results: accuracies, surviving images, distances. For each of these files, - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) json: Option<PathBuf>,
    /// Accuracies with 95 % intervals, one line per radius.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) csv: Option<PathBuf>,
    /// One line per image and radius: predicted class, attack that broke it, distances.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) per_image: Option<PathBuf>,
    /// The attacked images as safetensors, or as a numpy archive if FILE ends in .npz; --verify reads them.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) save: Option<PathBuf>,
    /// A PNG picture of ten attacked images.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) grid: Option<PathBuf>,
}

impl OutputFlags {
    pub(crate) fn outputs(&self) -> Outputs {
        let Self { json, csv, per_image, save, grid } = self.clone();
        Outputs { json, csv, per_image, save, grid }
    }
}
