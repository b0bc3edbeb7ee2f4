//! `bal compare` and its flags.

use crate::output;
use bal::CompareRequest;
use clap::Args;
use std::path::PathBuf;

#[derive(Clone, Debug, Args)]
pub(crate) struct Compare {
    /// The first evaluation, a file that `bal evaluate --json` wrote.
    #[arg(value_name = "FIRST")]
    pub(crate) first: PathBuf,
    /// The evaluations to compare it with, of the same images in the same norm.
    #[arg(value_name = "OTHER", required = true)]
    pub(crate) others: Vec<PathBuf>,
    /// Writes all comparisons as a JSON array; - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) json: Option<PathBuf>,
}

impl Compare {
    pub(crate) fn request(&self) -> CompareRequest {
        let Self { first, others, json } = self.clone();
        CompareRequest { first, others, json }
    }
}
