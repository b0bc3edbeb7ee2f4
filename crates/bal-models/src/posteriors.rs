//! Several files of weights as one ensemble.

use crate::{ModelError, ensemble::are_alike, read_posterior, weights::read_posterior_or};
use bal_core::{Architecture, EnsembleGradient, Posterior, Prediction};
use std::{fmt::Display, path::Path, path::PathBuf, sync::Arc};

/// Reads files of weights; their members are one ensemble, in the files' order. They may be of several architectures for the
/// same images and classes. A file that names no architecture is of the first file's.
///
/// `prediction` and `ensemble_gradient` count where they are given; else the files have to agree. Where `architecture` is given,
/// all files are of it.
///
/// # Errors
/// Those of [`read_posterior`] for each file; [`ModelError::Metadata`] for a file for other images than the first, or of other
/// classes, [`ModelError::Disagreement`] when files say different things and
/// nothing was given, [`ModelError::Empty`] without files.
pub fn read_posteriors(
    paths: &[PathBuf],
    architecture: Option<Arc<dyn Architecture>>,
    prediction: Option<Prediction>,
    ensemble_gradient: Option<EnsembleGradient>,
) -> Result<Posterior, ModelError> {
    let (first, rest) = paths.split_first().ok_or(ModelError::Empty)?;
    let mut whole = read_posterior(first, architecture.clone())?;
    let usual = whole.members.first().ok_or(ModelError::Empty)?.network.clone();
    let fallback = usual.clone();
    let read = move |path: &Path| match &architecture {
        Some(architecture) => read_posterior(path, Some(architecture.clone())),
        None => read_posterior_or(path, &fallback),
    };
    for path in rest {
        let part = read(path)?;
        let networks = [&usual].into_iter().chain(part.members.iter().map(|member| &member.network));
        let problem = |e| ModelError::Metadata {
            path: path.clone(),
            key: "architecture",
            problem: format!("does not go with {}: {e}", first.display()),
        };
        are_alike(networks.map(|network| &**network)).map_err(problem)?;
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
        if part.columns != whole.columns {
            let problem = format!("are not those of {}: rows would be scaled in two ways", first.display());
            return Err(ModelError::Metadata { path: path.clone(), key: "columns", problem });
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
