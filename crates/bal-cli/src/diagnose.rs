//! `bal diagnose`.

mod energies;
mod followed;
mod kind;
mod log_probabilities;
mod step_size;
mod weights;

use crate::{
    args::{Chosen, Diagnose},
    console::print,
    experiment::Experiment,
    output::{self, can_be_written},
    run_folder::{RunFolder, Status},
};
use anyhow::{Context, Result, bail};
use bal_baselines::BalSettings;
use bal_core::Posterior;
use bal_diagnostics::Verdict;
use bal_report::{DIAGNOSIS_FORMAT, Record, RunDiagnosis, figures, table};
pub(crate) use followed::draws;
use kind::Kind;
use std::path::Path;

/// So many quantities of a kind are printed: all of them are in the JSON.
const SHOWN: usize = 8;

/// A finished run that had chains.
struct Run<'a> {
    folder: &'a RunFolder,
    record: Record,
    posterior: Posterior,
    settings: BalSettings,
}

/// Says whether the chains of a finished run agree, and how many draws theirs are worth.
pub(crate) fn diagnose(flags: &Diagnose) -> Result<()> {
    can_be_written(flags.files())?;
    let folder = RunFolder::new(&flags.run);
    let run = read(&folder)?;
    let chosen =
        |of: fn(&Chosen) -> bool| -> Vec<&Chosen> { flags.quantities.iter().filter(|c| of(c)).collect() };
    let log_probabilities = chosen(|c| matches!(c, Chosen::LogProbabilities | Chosen::LogProbability(_)));
    let weights = chosen(|c| matches!(c, Chosen::Weights | Chosen::Weight { .. }));
    let energies = chosen(|c| matches!(c, Chosen::Energies));
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
        step_size: step_size::of(&run.settings, run.record.sweeps),
        groups: kinds.iter().map(Kind::group).collect(),
        verdict: verdict(&kinds),
    };
    // A figure of nothing is refused before anything is said or written.
    let figure = flags.figure.as_ref().map(|path| figure(path, &diagnosis.run, &kinds)).transpose()?;
    print(&table::diagnosis(&diagnosis, SHOWN));
    if let Some(path) = &flags.json {
        diagnosis.write(path)?;
    }
    if let (Some(path), Some(bytes)) = (&flags.figure, figure) {
        output::write(path, &bytes)?;
    }
    Ok(())
}

/// The bytes of the figure, in the format that the name asks for.
fn figure(path: &Path, run: &str, kinds: &[Kind]) -> Result<Vec<u8>> {
    let groups: Vec<_> = kinds.iter().map(Kind::worst_first).collect();
    Ok(if path.extension().is_some_and(|extension| extension == "png") {
        figures::traces_png(run, &groups)?
    } else {
        figures::traces(run, &groups)?.into_bytes()
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
