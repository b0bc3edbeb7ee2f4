//! The flags of `bal runs`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// Run folders, and folders that hold them at any depth. Settings are compared where at least two run folders
    /// are named themselves.
    #[arg(value_name = "DIR", default_value = "runs")]
    pub(crate) folders: Vec<PathBuf>,
    /// Prints one JSON object instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
}
