//! The flags of `bal diagnose`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    /// A finished run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// The weights that are followed, where the posterior holds four draws of each chain or more: `conv1.weight` for the
    /// first number of that tensor, `conv1.weight[7]` for its eighth [default: the first number of each tensor].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) weights: Vec<String>,
    /// Writes what was measured.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}
