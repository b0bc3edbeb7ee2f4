//! Flags of `bal diagnose`.

use crate::output;
use clap::{Args, builder::TypedValueParser};
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    /// The folder of a finished run of BAL or of a Bayesian neural network.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// What to look at: log-probabilities (of the held-out images that the run followed), weights (two of each tensor),
    /// energies; or one quantity by the name that the table gives it: `log-probability:3`, `weight:conv1.weight[17]`.
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "log-probabilities,weights,energies"
    )]
    pub(crate) quantities: Vec<Chosen>,
    /// All quantities, as JSON; - is standard output.
    #[arg(long, value_name = "FILE", value_parser = output::parser())]
    pub(crate) json: Option<PathBuf>,
    /// Traces of the chains, of at most four quantities of each kind, the worst first: .svg or .png, or - for SVG on standard
    /// output.
    #[arg(long, value_name = "FILE", value_parser = output::parser().try_map(figure))]
    pub(crate) figure: Option<PathBuf>,
}

impl Diagnose {
    /// All files that are asked for.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.json, &self.figure].into_iter().flatten().map(PathBuf::as_path)
    }
}

/// A quantity, or several of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Of all held-out images that were followed.
    LogProbabilities,
    /// Of one of them, counted from 0.
    LogProbability(usize),
    /// Some of each tensor.
    Weights,
    /// One value of a tensor, counted from 0 in the tensor's order.
    Weight { tensor: String, place: usize },
    /// All that the metrics have.
    Energies,
}

impl FromStr for Chosen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "`{text}` is no quantity; log-probabilities, log-probability:IMAGE, weights, weight:TENSOR[PLACE] and \
                 energies are"
            )
        };
        match text.split_once(':') {
            None => match text {
                "log-probabilities" => Ok(Self::LogProbabilities),
                "weights" => Ok(Self::Weights),
                "energies" => Ok(Self::Energies),
                _ => Err(unknown()),
            },
            Some(("log-probability", image)) => {
                image.parse().map(Self::LogProbability).map_err(|_| unknown())
            }
            Some(("weight", weight)) => {
                let (tensor, place) = weight
                    .strip_suffix(']')
                    .and_then(|weight| weight.rsplit_once('['))
                    .ok_or_else(unknown)?;
                let place = place.parse().map_err(|_| unknown())?;
                Ok(Self::Weight { tensor: tensor.into(), place })
            }
            Some(_) => Err(unknown()),
        }
    }
}

impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogProbabilities => f.write_str("log-probabilities"),
            Self::LogProbability(image) => write!(f, "log-probability:{image}"),
            Self::Weights => f.write_str("weights"),
            Self::Weight { tensor, place } => write!(f, "weight:{tensor}[{place}]"),
            Self::Energies => f.write_str("energies"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_chosen_by_the_name_that_it_is_shown_by() {
        for text in
            ["log-probabilities", "weights", "energies", "log-probability:12", "weight:conv1.weight[7]"]
        {
            assert_eq!(text.parse::<Chosen>().unwrap().to_string(), text);
        }
        for text in
            ["", "weight", "log-probability:-1", "log-probability:", "weight:conv1[x]", "weight:a", "x:1"]
        {
            assert!(text.parse::<Chosen>().unwrap_err().contains("is no quantity"), "{text}");
        }
    }
}
