//! The flags of `bal runs`.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Runs {
    /// Run folders, and folders that contain run folders at any depth. Settings are compared if you name at least two run
    /// folders.
    #[arg(value_name = "DIR", default_value = "runs")]
    pub(crate) folders: Vec<PathBuf>,
    /// Prints one JSON object instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
}
