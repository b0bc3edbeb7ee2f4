//! Reads the runs of a results folder that a figure is drawn from.

use std::path::{Path, PathBuf};

use super::methods::Method;
use super::study::{ON_LOGITS, Study};
use bal_report::{Evaluation, Record, ReportError, Split};

/// More than anybody runs; where the first folder is missing, the rest is not looked for.
const SEEDS: u64 = 100;

/// A run of one seed with the evaluations it has.
pub(super) struct Run {
    pub(super) method: &'static Method,
    pub(super) record: Record,
    pub(super) fgsm: Option<Evaluation>,
    pub(super) cw_one_step: Option<Evaluation>,
    /// The attack on raw logits with all members scored, where the published numbers are of another form.
    pub(super) cw_on_logits: Option<Evaluation>,
}

/// The runs of a study in the order of its legend and then of seeds, those without an evaluation left out.
///
/// Errors name the file: an evaluation without its `record.json`, one of another data set or attack.
pub(super) fn read(study: &Study, folder: &Path) -> Result<Vec<Run>, ReportError> {
    let mut runs = Vec::new();
    for (method, name) in study.methods() {
        for seed in 1..=SEEDS {
            let folder = seed_folder(folder, seed).join(name);
            let fgsm = evaluation(&folder.join("fgsm.json"), "fgsm", study.dataset)?;
            let cw = study.cw_one_step;
            let cw_one_step = evaluation(&folder.join(cw.file), cw.attack, study.dataset)?;
            let cw_on_logits = if cw == ON_LOGITS {
                None
            } else {
                evaluation(&folder.join(ON_LOGITS.file), ON_LOGITS.attack, study.dataset)?
            };
            if fgsm.is_none() && cw_one_step.is_none() {
                break;
            }
            let record = Record::read(&folder.join("record.json"))?;
            runs.push(Run { method, record, fgsm, cw_one_step, cw_on_logits });
        }
    }
    Ok(runs)
}

/// Where the runs of a seed are; the first one's folder does not name it.
pub(crate) fn seed_folder(folder: &Path, seed: u64) -> PathBuf {
    if seed == 1 { folder.to_owned() } else { folder.join(format!("seed-{seed}")) }
}

/// The evaluation in a file; `None` where there is no such file.
pub(crate) fn evaluation(
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
