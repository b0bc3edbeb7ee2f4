//! The flags of `bal download`.

use bal::Set;
use bal_data::DataError;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Download {
    /// The data sets: mnist, fashion-mnist, gtsrb, cifar-10, cifar-100 [default: the first three].
    #[arg(value_name = "SET", value_parser = set)]
    pub(crate) sets: Vec<Set>,
    /// A mirror that is tried first: a folder or URL with the layout SET/FILE [default: `$BAL_DATA_MIRROR`].
    #[arg(long, value_name = "DIR-or-URL")]
    pub(crate) mirror: Option<String>,
    /// The folder of the data sets [default: `$BAL_DATA`, else datasets/].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

fn set(name: &str) -> Result<Set, DataError> {
    name.parse()
}
