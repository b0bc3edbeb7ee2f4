//! Diagnosis: whether the chains of a run agree.

mod energies;
mod followed;
mod kind;
mod log_probabilities;
mod quantity;
mod step_size;
mod weights;

use crate::{
    experiment::Experiment,
    outputs,
    run_folder::{RunFolder, Status},
};
use anyhow::{Context, Result, bail};
use bal_baselines::BalSettings;
use bal_core::Posterior;
use bal_diagnostics::Verdict;
use bal_page::{traces, traces_png};
use bal_report::{DIAGNOSIS_FORMAT, Record, RunDiagnosis};
pub(crate) use followed::draws;
use kind::Kind;
pub use quantity::Quantities;
use std::path::{Path, PathBuf};

/// A finished run that had chains.
struct Run<'a> {
    folder: &'a RunFolder,
    record: Record,
    posterior: Posterior,
    settings: BalSettings,
}

/// Which run is looked at, and how closely.
#[derive(Clone, Debug)]
pub struct DiagnoseRequest {
    /// The folder of a finished run of BAL or of a Bayesian neural network.
    pub run: PathBuf,
    /// What to look at; all kinds unless said.
    pub quantities: Vec<Quantities>,
    /// A file for all quantities, as JSON.
    pub json: Option<PathBuf>,
    /// A figure of traces, of at most four quantities of each kind, the worst first: PNG where it ends so, else SVG.
    pub figure: Option<PathBuf>,
}

impl DiagnoseRequest {
    /// All kinds of quantities of the run.
    pub fn new(run: impl Into<PathBuf>) -> Self {
        let quantities = vec![Quantities::LogProbabilities, Quantities::Weights, Quantities::Energies];
        Self { run: run.into(), quantities, json: None, figure: None }
    }

    /// All files that are asked for.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        [&self.json, &self.figure].into_iter().flatten().map(PathBuf::as_path)
    }
}

/// A diagnosis whose files are not written yet.
#[must_use = "its files are not written yet"]
pub struct Diagnosed<'a> {
    /// R-hat and effective sample sizes of every quantity, and the verdict.
    pub diagnosis: RunDiagnosis,
    figure: Option<Vec<u8>>,
    request: &'a DiagnoseRequest,
}

impl Diagnosed<'_> {
    /// Writes the files that were asked for.
    ///
    /// # Errors
    /// When one cannot be written.
    pub fn write(self) -> Result<RunDiagnosis> {
        if let Some(path) = &self.request.json {
            self.diagnosis.write(path)?;
        }
        if let (Some(path), Some(bytes)) = (&self.request.figure, self.figure) {
            outputs::write(path, &bytes)?;
        }
        Ok(self.diagnosis)
    }
}

/// Says whether the chains of a finished run agree, and how many independent draws theirs are worth; files are written by
/// [`Diagnosed::write`].
///
/// # Errors
/// When the run has not ended, has no chains, or lacks a quantity that is asked for by its name.
pub fn diagnose(request: &DiagnoseRequest) -> Result<Diagnosed<'_>> {
    outputs::can_be_written(request.files())?;
    let folder = RunFolder::new(&request.run);
    let run = read(&folder)?;
    let chosen = |of: fn(&Quantities) -> bool| -> Vec<&Quantities> {
        request.quantities.iter().filter(|quantities| of(quantities)).collect()
    };
    let log_probabilities =
        chosen(|c| matches!(c, Quantities::LogProbabilities | Quantities::LogProbability(_)));
    let weights = chosen(|c| matches!(c, Quantities::Weights | Quantities::Weight { .. }));
    let energies = chosen(|c| matches!(c, Quantities::Energies));
    let mut kinds = Vec::new();
    if !log_probabilities.is_empty() {
        kinds.push(log_probabilities::follow(&run, &log_probabilities)?);
    }
    if !weights.is_empty() {
        kinds.push(weights::follow(&run, &weights)?);
    }
    if !energies.is_empty() {
        kinds.push(energies::follow(&run)?);
    }
    let diagnosis = RunDiagnosis {
        format: DIAGNOSIS_FORMAT,
        run: folder.path().display().to_string(),
        name: run.record.name.clone(),
        method: run.record.method.clone(),
        chains: run.settings.parameter_chains,
        sweeps: run.record.sweeps,
        step_size: Some(step_size::of(&run.settings, run.record.sweeps)),
        sampler: run.record.sampler.clone(),
        prior_precisions: run.record.prior_precisions.clone(),
        groups: kinds.iter().map(Kind::group).collect(),
        verdict: verdict(&kinds),
    };
    // A figure of nothing is refused before anything is said or written.
    let figure = request.figure.as_ref().map(|path| figure(path, &diagnosis.run, &kinds)).transpose()?;
    Ok(Diagnosed { diagnosis, figure, request })
}

/// The bytes of the figure, in the format that the name asks for.
fn figure(path: &Path, run: &str, kinds: &[Kind]) -> Result<Vec<u8>> {
    let groups: Vec<_> = kinds.iter().map(Kind::worst_first).collect();
    Ok(if path.extension().is_some_and(|extension| extension == "png") {
        traces_png(run, &groups)?
    } else {
        traces(run, &groups)?.into_bytes()
    })
}

/// The run in the folder, if it is finished and had chains.
fn read(folder: &RunFolder) -> Result<Run<'_>> {
    // The record alone tells a point estimate, whose weights need not be read.
    if folder.status() == Status::Finished {
        let record = Record::read(&folder.record())?;
        if settings(&record, folder)?.is_none() {
            let (path, method) = (folder.path().display(), record.method);
            bail!(
                "{path} is a point estimate ({method}), one network without chains; runs of bnn and bal have some"
            );
        }
    }
    let (record, posterior) = folder.finished()?;
    let settings = settings(&record, folder)?.context("the run has no chains")?;
    Ok(Run { folder, record, posterior, settings })
}

/// How the record says that the chains were run.
fn settings(record: &Record, folder: &RunFolder) -> Result<Option<BalSettings>> {
    let experiment: Experiment = serde_json::from_value(record.experiment.clone())
        .with_context(|| format!("{}: its experiment cannot be used", folder.record().display()))?;
    Ok(experiment.chains().cloned())
}

/// What counts: the log-probabilities, where they can be judged, else the weights. Energies are means over chains, and
/// tell nothing of their agreement.
fn verdict(kinds: &[Kind]) -> String {
    let judged = kinds.iter().filter(|kind| kind.across_chains);
    let known = judged.clone().find(|kind| !matches!(kind.diagnosis.verdict, Verdict::Unknown(_)));
    match (known, judged.clone().next()) {
        (Some(kind), _) => format!("by {}, {}", kind.name, kind.diagnosis.verdict),
        (None, Some(kind)) => kind.said(),
        (None, None) => "energies alone do not tell whether chains agree".into(),
    }
}
