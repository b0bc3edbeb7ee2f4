//! Reads the runs of a results folder that a figure is drawn from.

use std::path::Path;

use super::methods::{METHODS, Method};
use crate::{Evaluation, Record, ReportError, Split};

/// A run with the evaluations it has.
pub(super) struct Run {
    pub(super) method: &'static Method,
    pub(super) record: Record,
    pub(super) fgsm: Option<Evaluation>,
    pub(super) cw_one_step: Option<Evaluation>,
}

/// The runs in the order of [`METHODS`], those without an evaluation left out.
///
/// Errors name the file: an evaluation without its `record.json`, one of another data set or attack.
pub(super) fn read(results: &Path, dataset: &str) -> Result<Vec<Run>, ReportError> {
    let mut runs = Vec::new();
    for method in &METHODS {
        let folder = results.join(method.run);
        let fgsm = evaluation(&folder.join("fgsm.json"), "fgsm", dataset)?;
        let cw_one_step = evaluation(&folder.join("cw-one-step.json"), "cw-one-step", dataset)?;
        if fgsm.is_some() || cw_one_step.is_some() {
            runs.push(Run { method, record: Record::read(&folder.join("record.json"))?, fgsm, cw_one_step });
        }
    }
    Ok(runs)
}

/// The evaluation in a file; `None` where there is no such file.
pub(super) fn evaluation(
    path: &Path,
    attack: &str,
    dataset: &str,
) -> Result<Option<Evaluation>, ReportError> {
    let exists = path.try_exists().map_err(|source| ReportError::Read { path: path.to_owned(), source })?;
    if !exists {
        return Ok(None);
    }
    let evaluation = Evaluation::read(path)?;
    let expected = [("attack", &evaluation.attack, attack), ("dataset", &evaluation.dataset, dataset)];
    for (key, found, wanted) in expected {
        if found != wanted {
            let what = format!("{key} is {found:?}, but this figure needs {wanted:?}");
            return Err(ReportError::invalid(path, what));
        }
    }
    if evaluation.split != Split::Test {
        return Err(ReportError::invalid(path, "split is \"held-out\", but this figure needs \"test\""));
    }
    Ok(Some(evaluation))
}
