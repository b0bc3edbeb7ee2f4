//! Whether evaluations are of the images that their runs are tested on.

use super::inputs::Input;
use crate::{
    Note, Session, dataset,
    image_selection::{Selected, Wanted},
};
use anyhow::{Result, bail};
use bal_report::{Evaluation, Split};
use std::path::{Path, PathBuf};

/// Refuses an evaluation of the page's data set that is of other images than its run is tested on now, and says so where
/// evaluations that stand side by side are not of the same images. One that does not say its images is taken at its word.
pub(super) fn check(inputs: &[Input], page: &Selected, session: &Session) -> Result<()> {
    for Input { source, evaluations, .. } in inputs {
        let mut of_page = evaluations.iter().filter(|(_, evaluation)| {
            evaluation.image_set.is_some()
                && evaluation.dataset == page.dataset
                && evaluation.split == Split::Test
        });
        let of_page: Vec<&(PathBuf, Evaluation)> = of_page.by_ref().collect();
        if of_page.is_empty() {
            continue;
        }
        // Each run has a test set of its own, which may hold what another run on the page was trained on.
        let own = if let [_] = inputs {
            None
        } else {
            let wanted = Wanted { dataset: Some(&page.dataset), split: Split::Test, or_training: false };
            Some(Selected::all(&wanted, session, &[source])?)
        };
        for (file, evaluation) in of_page {
            if !is_of(evaluation, own.as_ref().unwrap_or(page))? {
                bail!(
                    "{} is of other images than {} is tested on now, of {}: evaluate the run again",
                    file.display(),
                    source.name(),
                    page.dataset
                );
            }
        }
    }
    side_by_side(inputs, session);
    Ok(())
}

/// Whether the evaluation is of the first of these images, or of a sample drawn from them as it was.
fn is_of(evaluation: &Evaluation, all: &Selected) -> Result<bool> {
    let (there, images) = (all.images.len(), evaluation.images);
    if images > there as u64 {
        return Ok(false);
    }
    let setting = |name: &str| evaluation.settings.get(name).and_then(serde_json::Value::as_u64);
    let places = match setting("sample") {
        Some(_) => dataset::sample(there, images, setting("seed").unwrap_or(0))?,
        None => (0..images as i64).collect(),
    };
    let now = all.image_set_at(&places)?.digest;
    Ok(evaluation.image_set.as_ref().is_none_or(|then| then.digest == now))
}

/// Says which files the page shows side by side though they are of different images.
fn side_by_side(inputs: &[Input], session: &Session) {
    let all: Vec<&(PathBuf, Evaluation)> = inputs.iter().flat_map(|input| &input.evaluations).collect();
    let alike = |a: &Evaluation, b: &Evaluation| {
        (&a.attack, &a.norm, &a.dataset, a.split) == (&b.attack, &b.norm, &b.dataset, b.split)
    };
    let digest = |evaluation: &Evaluation| evaluation.image_set.as_ref().map(|set| set.digest.clone());
    let differ = |a: &Evaluation, b: &Evaluation| match (digest(a), digest(b)) {
        (Some(a), Some(b)) => a != b,
        _ => a.images != b.images,
    };
    let shown = |path: &Path| path.display().to_string();
    for (at, (file, evaluation)) in all.iter().enumerate() {
        let other = all[..at].iter().find(|(_, other)| alike(evaluation, other));
        if let Some((first, other)) = other.filter(|(_, other)| differ(evaluation, other)) {
            let count = [other, evaluation].map(|evaluation| evaluation.images);
            session.observer().note(&Note::warning(format!(
                "{} and {} are of different images, {} and {} of {}; their accuracies stand side by side, but do not \
                 compare",
                shown(first),
                shown(file),
                count[0],
                count[1],
                evaluation.dataset
            )));
        }
    }
}
