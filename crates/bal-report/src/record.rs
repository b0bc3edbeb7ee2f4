//! `record.json`: what a training run was, on what, and what came of it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::image_set::is_digest;
use crate::{ReportError, json};

mod curve;
mod laplace;
mod precision;
mod regime;
mod summary;

pub use curve::thinned;
pub use laplace::{LaplaceFit, Tried};
pub use precision::PriorPrecision;
pub use regime::{ConfigurationalTemperature, SamplerRegime};
pub use summary::Summary;

/// The value of [`Record::format`] that this version writes and reads.
pub const FORMAT: u32 = 1;

/// One training run. Keys of the JSON are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The format of this file, [`FORMAT`].
    pub format: u32,
    /// The experiment's name.
    pub name: String,
    /// The training method: `erm`, `wrm`, `bal`, ..
    pub method: String,
    /// For BAL, which of its presets: `released`, `paper`, `exact`.
    pub preset: Option<String>,
    /// A shortened run that shows the machinery works; its numbers are not for comparison.
    pub quick: bool,
    /// The seed that every draw of the run is keyed by.
    pub seed: u64,
    /// The experiment with everything filled in.
    pub experiment: serde_json::Value,
    /// What ran it: `bal`, `libtorch`, `rustc`, `cpu`.
    pub versions: BTreeMap<String, String>,
    /// What it was trained on.
    pub dataset: Dataset,
    /// The run whose weights it started from.
    pub start: Option<Start>,
    /// The networks that its inner attack ran on, beside its own; absent where there were none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Start>,
    /// Passes over the training images that were done; a fraction when the run stopped early.
    pub epochs: f64,
    /// Sweeps (for the baselines: optimiser steps) that were done.
    pub sweeps: u64,
    /// Sweeps that the experiment asks for.
    pub sweeps_planned: u64,
    /// Whether the run ended before its planned sweeps, at the user's wish.
    pub stopped_early: bool,
    /// Worker threads.
    pub threads: usize,
    /// Seconds of training, over all resumptions.
    pub wall_seconds: f64,
    /// Settings that have two usual units, in both: `parameters.temperature` multiplies the energy that the
    /// kernel sees (a mean over images), `parameters.posterior_temperature` that of the posterior (N times it).
    pub units: BTreeMap<String, f64>,
    /// Metric by sweep: `[sweep, value]` pairs under the metric's name.
    pub curves: BTreeMap<String, Vec<(u64, f64)>>,
    /// How well the chains mixed; where they were meant to.
    pub diagnostics: Option<Diagnostics>,
    /// How hot the sampler ran, where there was one. Absent of runs of before it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampler: Option<SamplerRegime>,
    /// What was drawn of a hierarchical prior's precisions, a line for each tensor of weights; empty under another prior.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prior_precisions: Vec<PriorPrecision>,
    /// The Gaussian that the networks were drawn from, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub laplace: Option<LaplaceFit>,
    /// Accuracy on training images held out from the run, in [0, 1].
    pub held_out: Option<f64>,
    /// The SHA-256 of each file of weights, traces and images that belongs to it, by the file's name, in hexadecimal. Records of
    /// before they were kept have none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
}

/// The data of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Its name: `mnist`, ..
    pub name: String,
    /// The SHA-256 of each file that was read, in hexadecimal.
    pub files: BTreeMap<String, String>,
    /// Images trained on.
    pub train_images: u64,
    /// Images of the test set.
    pub test_images: u64,
    /// SHA-256 of each part, `train`, `held_out` and `test`: of its images as the network sees them, of their labels, in
    /// their order, and of the names of the classes. Absent of runs of before there was one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
    /// What the classes are called, in the order of the network's outputs; of images of the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
}

/// A run whose weights another one began with: it started from them, or its inner attack ran on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Its name.
    pub name: String,
    /// SHA-256 of its `posterior.safetensors`, or of the file of weights that was named.
    pub digest: String,
}

/// Convergence of the parameter chains, over the held-out log-probabilities they give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnostics {
    /// Chains compared.
    pub chains: u64,
    /// Draws per chain.
    pub draws: u64,
    /// The potential scale reduction of each quantity, summed up; 1 is convergence.
    pub r_hat: Option<Summary>,
    /// The effective sample size of each quantity over all chains, summed up.
    pub ess: Option<Summary>,
}

impl Record {
    /// Reads a `record.json`.
    ///
    /// Errors name the file and the key: a missing or unknown key, another format, a fraction out of range.
    pub fn read(path: &Path) -> Result<Self, ReportError> {
        let record: Self = json::read(path)?;
        record.check(path)?;
        Ok(record)
    }

    /// Writes a `record.json`, whole or not at all.
    ///
    /// JSON has no infinity and no NaN: a number that is not finite is refused, by its key.
    pub fn write(&self, path: &Path) -> Result<(), ReportError> {
        self.check(path)?;
        json::write(path, self)
    }

    fn check(&self, path: &Path) -> Result<(), ReportError> {
        let invalid = |what: String| Err(ReportError::invalid(path, what));
        if self.format != FORMAT {
            return invalid(format!(
                "format is {}, and this version of bal reads format {FORMAT}",
                self.format
            ));
        }
        if let Some((key, value)) = self.numbers().find(|(_, value)| !value.is_finite()) {
            return invalid(format!("{key} must be a finite number, got {value}"));
        }
        for (part, digest) in &self.dataset.parts {
            if let Err(what) = is_digest(&format!("dataset.parts.{part}"), digest) {
                return invalid(what);
            }
        }
        match self.held_out {
            Some(value) if !(0.0..=1.0).contains(&value) => {
                invalid(format!("held_out must be in [0, 1], got {value}"))
            }
            _ => Ok(()),
        }
    }

    /// Every floating-point number of the record, with its key.
    fn numbers(&self) -> impl Iterator<Item = (String, f64)> {
        let single = [
            ("epochs", Some(self.epochs)),
            ("wall_seconds", Some(self.wall_seconds)),
            ("held_out", self.held_out),
        ];
        let single = single.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let units = self.units.iter().map(|(key, &value)| (format!("units.{key}"), value));
        let curves = self.curves.iter().flat_map(|(key, curve)| {
            curve.iter().map(move |&(sweep, value)| (format!("curves.{key} at sweep {sweep}"), value))
        });
        let summaries = self.diagnostics.iter().flat_map(|diagnostics| {
            [("r_hat", &diagnostics.r_hat), ("ess", &diagnostics.ess)]
                .into_iter()
                .filter_map(|(key, summary)| Some((key, summary.as_ref()?)))
                .flat_map(|(key, s)| [s.min, s.median, s.max].map(|v| (format!("diagnostics.{key}"), v)))
        });
        let sampler = self.sampler.iter().flat_map(SamplerRegime::numbers);
        let precisions = self.prior_precisions.iter().flat_map(PriorPrecision::numbers);
        let laplace = self.laplace.iter().flat_map(LaplaceFit::numbers);
        single.chain(units).chain(curves).chain(summaries).chain(sampler).chain(precisions).chain(laplace)
    }
}

#[cfg(test)]
mod tests;
