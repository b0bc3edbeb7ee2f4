//! Flags of `bal diagnose`.

use crate::output;
use bal::{DiagnoseRequest, Quantities};
use clap::{Args, builder::TypedValueParser};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    /// The folder of a finished run of BAL or a Bayesian neural network.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// The quantities: log-probabilities (of held-out images, see `mixing` in the experiment), weights (two per tensor),
    /// energies; or a single quantity by its name in the table: `log-probability:3`, `weight:conv1.weight[17]`.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "log-probabilities,weights,energies"
    )]
    pub(crate) quantities: Vec<Quantities>,
    /// Writes all quantities as JSON; - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) json: Option<PathBuf>,
    /// Draws the traces of the chains, of at most four quantities of each kind, the worst first: .svg or .png, or - for SVG
    /// on standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser().try_map(figure))]
    pub(crate) figure: Option<PathBuf>,
}

impl Diagnose {
    pub(crate) fn request(&self) -> DiagnoseRequest {
        DiagnoseRequest {
            run: self.run.clone(),
            quantities: self.quantities.clone(),
            json: self.json.clone(),
            figure: self.figure.clone(),
        }
    }
}

fn figure(path: PathBuf) -> Result<PathBuf, String> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("svg" | "png") => Ok(path),
        _ if output::is_standard(&path) => Ok(path),
        _ => Err("a figure ends in .svg or .png".into()),
    }
}
