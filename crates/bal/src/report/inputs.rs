//! Runs and evaluations, read and matched before any work.

use super::{labels::labels, request::ReportRequest};
use crate::{ModelFiles, ModelSource, Session, model_source::LoadedModel, run_folder::RunFolder};
use anyhow::{Result, bail};
use bal_report::{Evaluation, Model, Record};
use std::path::{Path, PathBuf};

/// A finished run.
pub(super) struct Input {
    /// What it is called on the page.
    pub(super) name: String,
    pub(super) record: Record,
    pub(super) folder: RunFolder,
    /// With the files that they are from.
    pub(super) evaluations: Vec<(PathBuf, Evaluation)>,
    pub(super) source: LoadedModel,
}

/// Everything that the request names.
///
/// # Errors
/// A run that is none or has not ended, a file that is no evaluation, or is of none of these runs.
pub(super) fn read(request: &ReportRequest, session: &Session) -> Result<Vec<Input>> {
    let mut inputs = request.runs.iter().map(|run| input(run, session)).collect::<Result<Vec<_>>>()?;
    for file in &request.evaluations {
        let evaluation = Evaluation::read(file)?;
        let own = of(&evaluation.model, file, &inputs)?;
        inputs[own].evaluations.push((file.clone(), evaluation));
    }
    let names: Vec<&str> = inputs.iter().map(|input| input.record.name.as_str()).collect();
    let labels = labels(&names, &request.runs);
    for (input, label) in inputs.iter_mut().zip(labels) {
        input.name = label;
    }
    Ok(inputs)
}

/// The place of the run that an evaluation, read from `file`, is of: the one of its name and, where it says its weights, of
/// those.
fn of(model: &Model, file: &Path, inputs: &[Input]) -> Result<usize> {
    let (file, source) = (file.display(), &model.source);
    let named: Vec<usize> = (0..inputs.len()).filter(|&i| inputs[i].record.name == *source).collect();
    if named.is_empty() {
        let names: Vec<&str> = inputs.iter().map(|input| input.record.name.as_str()).collect();
        bail!("{file} is of {source}, and the runs are {}", names.join(", "));
    }
    let mut own = named;
    if let Some(weights) = &model.weights {
        own.retain(|&i| inputs[i].source.digests() == weights);
    }
    match own[..] {
        [one] => Ok(one),
        [] => {
            bail!("{file} is of {source}, but of other weights than the run has now: evaluate the run again")
        }
        _ => bail!("{file} is of {source}, and several of the runs are called so"),
    }
}

fn input(run: &Path, session: &Session) -> Result<Input> {
    let source = ModelSource::new(ModelFiles::Run(run.to_path_buf())).load(session.device)?;
    let Some(record) = source.record().cloned() else { bail!("{} is no run", run.display()) };
    Ok(Input { name: record.name.clone(), record, folder: RunFolder::new(run), evaluations: vec![], source })
}
