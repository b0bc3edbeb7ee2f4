//! What of a run is looked at.

use std::{fmt, str::FromStr};

/// A quantity, or several of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantities {
    /// Of all held-out images that were followed.
    LogProbabilities,
    /// Of one of them, counted from 0.
    LogProbability(usize),
    /// Some of each tensor.
    Weights,
    /// One value of a tensor, counted from 0 in the tensor's order.
    Weight {
        /// The tensor's name.
        tensor: String,
        /// The place in it.
        place: usize,
    },
    /// All that the metrics have.
    Energies,
}

impl FromStr for Quantities {
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

impl fmt::Display for Quantities {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_chosen_by_the_name_that_it_is_shown_by() {
        for text in
            ["log-probabilities", "weights", "energies", "log-probability:12", "weight:conv1.weight[7]"]
        {
            assert_eq!(text.parse::<Quantities>().unwrap().to_string(), text);
        }
        for text in
            ["", "weight", "log-probability:-1", "log-probability:", "weight:conv1[x]", "weight:a", "x:1"]
        {
            assert!(text.parse::<Quantities>().unwrap_err().contains("is no quantity"), "{text}");
        }
    }
}
