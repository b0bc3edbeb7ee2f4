//! Several files of weights as one ensemble.

use crate::{ModelError, read_posterior};
use bal_core::{Architecture, EnsembleGradient, Posterior, Prediction};
use std::{fmt::Display, path::Path, path::PathBuf, sync::Arc};

/// Reads files of weights of one architecture; their members are one ensemble, in the files' order.
///
/// `prediction` and `ensemble_gradient` count where they are given; else the files have to agree.
///
/// # Errors
/// Those of [`read_posterior`] for each file; [`ModelError::Metadata`] for a file of another
/// architecture than the first, or of other classes, [`ModelError::Disagreement`] when files say different things and
/// nothing was given, [`ModelError::Empty`] without files.
pub fn read_posteriors(
    paths: &[PathBuf],
    architecture: Option<Arc<dyn Architecture>>,
    prediction: Option<Prediction>,
    ensemble_gradient: Option<EnsembleGradient>,
) -> Result<Posterior, ModelError> {
    let (first, rest) = paths.split_first().ok_or(ModelError::Empty)?;
    let mut whole = read_posterior(first, architecture)?;
    let network = whole.architecture().cloned().ok();
    for path in rest {
        let part = read_posterior(path, network.clone())?;
        let files = [path.as_path(), first];
        agree(files, "prediction", prediction.is_some(), [part.prediction, whole.prediction])?;
        let gradients = [part.ensemble_gradient, whole.ensemble_gradient];
        agree(files, "ensemble_gradient", ensemble_gradient.is_some(), gradients)?;
        if part.class_names != whole.class_names {
            let problem = format!(
                "are not those of {}: files of one ensemble tell the same classes apart",
                first.display()
            );
            return Err(ModelError::Metadata { path: path.clone(), key: "class_names", problem });
        }
        whole.members.extend(part.members);
    }
    whole.prediction = prediction.unwrap_or(whole.prediction);
    whole.ensemble_gradient = ensemble_gradient.unwrap_or(whole.ensemble_gradient);
    Ok(whole)
}

fn agree<T: PartialEq + Display>(
    [path, other]: [&Path; 2],
    key: &'static str,
    given: bool,
    [found, first]: [T; 2],
) -> Result<(), ModelError> {
    if given || found == first {
        return Ok(());
    }
    let (found, first) = (found.to_string(), first.to_string());
    Err(ModelError::Disagreement { path: path.into(), other: other.into(), key, found, first })
}
