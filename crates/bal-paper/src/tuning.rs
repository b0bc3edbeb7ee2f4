//! `tuning/METHOD.json`: a search for the largest value of a setting that keeps clean accuracy.

use std::path::Path;

use serde::{Deserialize, Serialize};

use bal_report::{ReportError, json};

/// A search and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tuning {
    /// The setting, as `bal train --set` takes it.
    pub(crate) key: String,
    /// The accuracy on held-out training images that had to be exceeded, in [0, 1].
    pub(crate) threshold: f64,
    /// A shortened search that shows the machinery works.
    pub(crate) quick: bool,
    /// What was tried, in order.
    pub(crate) trials: Vec<Trial>,
    /// The largest value tried that kept the accuracy; none if no value did.
    pub(crate) chosen: Option<f64>,
}

/// One training run of a search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trial {
    /// The setting's value.
    pub(crate) value: f64,
    /// Accuracy on the clean images that the run held out, in [0, 1].
    pub(crate) held_out: f64,
}

impl Tuning {
    /// Reads and checks a file.
    ///
    /// Errors name it: no JSON, unknown or missing keys, accuracies outside [0, 1], a choice that was not tried.
    pub(crate) fn read(path: &Path) -> Result<Self, ReportError> {
        let tuning: Self = json::read(path)?;
        if let Some(trial) = tuning.trials.iter().find(|trial| !(0.0..=1.0).contains(&trial.held_out)) {
            let what = format!("an accuracy must be in [0, 1], got {}", trial.held_out);
            return Err(ReportError::invalid(path, what));
        }
        if tuning.chosen != tuning.best() {
            return Err(ReportError::invalid(path, "chosen is not the largest value that kept the accuracy"));
        }
        Ok(tuning)
    }

    /// Writes the file, whole or not at all.
    ///
    /// Errors name the file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ReportError> {
        json::write(path, self)
    }

    /// The largest value tried that kept the accuracy.
    pub(crate) fn best(&self) -> Option<f64> {
        let kept = self.trials.iter().filter(|trial| trial.held_out > self.threshold);
        kept.map(|trial| trial.value).reduce(f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searched(chosen: Option<f64>) -> Tuning {
        let trials = [(0.02, 0.97), (0.04, 0.95), (0.08, 0.91)];
        Tuning {
            key: "attack.radius".into(),
            threshold: 0.94,
            quick: false,
            trials: trials.map(|(value, held_out)| Trial { value, held_out }).into(),
            chosen,
        }
    }

    #[test]
    fn a_file_is_read_as_it_was_written_and_a_wrong_choice_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fgsm.json");
        searched(Some(0.04)).write(&path).unwrap();
        assert_eq!(Tuning::read(&path).unwrap(), searched(Some(0.04)));
        searched(Some(0.08)).write(&path).unwrap();
        assert!(Tuning::read(&path).unwrap_err().to_string().contains("chosen"));
    }
}
