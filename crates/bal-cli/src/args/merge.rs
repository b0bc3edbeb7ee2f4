//! `bal merge` and its flags.

use crate::output;
use bal::MergeRequest;
use clap::Args;
use std::path::PathBuf;

#[derive(Clone, Debug, Args)]
pub(crate) struct Merge {
    /// The file that `bal evaluate --shard I/N --json FILE` was given. It is written.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Accuracies with 95 % intervals, one line per radius; - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) csv: Option<PathBuf>,
    /// One line per image and radius: predicted class, attack that broke it, distances; - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) per_image: Option<PathBuf>,
}

impl Merge {
    pub(crate) fn request(&self) -> MergeRequest {
        let Self { file, csv, per_image } = self.clone();
        MergeRequest { file, csv, per_image }
    }
}
