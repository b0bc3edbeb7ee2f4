//! What an evaluation writes.

use crate::output;
use bal::Outputs;
use clap::Args;
use std::path::PathBuf;

/// Files, none of them unless asked for; `-` is standard output.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Files to write")]
pub(crate) struct OutputFlags {
    /// Accuracies, who survived, and all that was measured. Of each of these files, - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) json: Option<PathBuf>,
    /// Accuracies with 95 % intervals, one line per radius.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) csv: Option<PathBuf>,
    /// One line per image and radius: what it became, what broke it, how far it was moved.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) per_image: Option<PathBuf>,
    /// The attacked images, in safetensors or, where FILE ends in .npz, for numpy; for --verify.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) save: Option<PathBuf>,
    /// A picture of ten attacked images, as PNG.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) grid: Option<PathBuf>,
}

impl OutputFlags {
    pub(crate) fn outputs(&self) -> Outputs {
        let Self { json, csv, per_image, save, grid } = self.clone();
        Outputs { json, csv, per_image, save, grid }
    }
}
