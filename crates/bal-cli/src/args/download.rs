//! The flags of `bal download`.

use bal::Set;
use bal_data::DataError;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Download {
    /// mnist, fashion-mnist or gtsrb; all of them if none is named.
    #[arg(value_name = "SET", value_parser = set)]
    pub(crate) sets: Vec<Set>,
    /// A folder or address to ask first, with the files in SET/FILE [default: `$BAL_DATA_MIRROR`].
    #[arg(long, value_name = "DIR-or-URL")]
    pub(crate) mirror: Option<String>,
    /// The folder of data sets to fill [default: `$BAL_DATA`, else datasets/].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

fn set(name: &str) -> Result<Set, DataError> {
    name.parse()
}
