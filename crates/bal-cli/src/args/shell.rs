//! The flags of `bal completions` and `bal man`.

use clap::Args;
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The folder to write to; it is created if it is missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}
