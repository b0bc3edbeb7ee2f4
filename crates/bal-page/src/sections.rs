//! What the page is made of, from the verdict to the uncertainty.

mod accuracy;
mod calibration;
mod chains;
mod classes;
mod gallery;
mod settings;
mod training;
mod uncertainty;
mod verdict;

use crate::plot::Look;
use crate::{Answers, Page, PageError, Run};
use maud::Markup;
pub(crate) use verdict::lead;

/// A part of the page under a heading of its own.
pub(crate) struct Section {
    /// Unique on the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) body: Markup,
}

/// All parts for which there are data, in their order.
pub(crate) fn sections(page: &Page) -> Result<Vec<Section>, PageError> {
    let runs = &page.runs;
    let parts = [
        ("verdict", "Verdict", Some(verdict::verdict(runs))),
        ("accuracy", "Accuracy against radius", accuracy::accuracy(runs)),
        ("gallery", "Attacked images", gallery::gallery(runs)?),
        ("classes", "Classes", classes::classes(runs)),
        ("calibration", "Calibration", calibration::calibration(runs)),
        ("uncertainty", "Uncertainty", uncertainty::uncertainty(runs)),
        ("training", "Training", training::training(runs)),
        ("chains", "Chains", chains::chains(runs)),
        ("settings", "Settings", Some(settings::settings(runs))),
    ];
    Ok(parts.into_iter().filter_map(|(id, title, body)| Some(Section { id, title, body: body? })).collect())
}

/// The key of runs; a single one needs none.
fn key(runs: &[Run]) -> Vec<(Look, String)> {
    if runs.len() < 2 {
        return vec![];
    }
    runs.iter().enumerate().map(|(i, run)| (Look::nth(i), run.name.clone())).collect()
}

/// What stands above a run's own panel; nothing where there is only one run.
fn heading(runs: &[Run], run: &Run) -> String {
    if runs.len() > 1 { run.name.clone() } else { String::new() }
}

/// Runs whose answers are known.
fn answered(runs: &[Run]) -> Vec<(&Run, &Answers)> {
    runs.iter().filter_map(|run| Some((run, run.answers.as_ref()?))).collect()
}

/// A norm as it is written.
fn norm(name: &str) -> &str {
    match name {
        "linf" => "L∞",
        "l2" => "L2",
        other => other,
    }
}
