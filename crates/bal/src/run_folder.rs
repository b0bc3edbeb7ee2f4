//! Run folders: what a training run writes, and how it is found again.

mod claim;

use crate::{Refusal, Remedy, file_digest::digest};
use anyhow::{Context, Result, bail};
use bal_core::Posterior;
use bal_models::{RunImages, Traces};
use bal_report::Record;
pub(crate) use claim::Claim;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// Which images a run is of.
const DATA: &str = "data.safetensors";

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct RunFolder(PathBuf);

/// Which run a folder is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Digest of everything that determines the weights.
    pub(crate) digest: String,
    /// Name and digest of the weights that it started from.
    pub(crate) start: Option<(String, String)>,
    /// Name and digest of each network that its attack runs on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sources: Vec<(String, String)>,
}

/// In which state a folder is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Nothing is there, or an empty folder, or one in which a run was to begin and did not.
    Absent,
    /// A run that has not ended.
    Begun,
    /// A run with its record and its weights.
    Finished,
    /// The record of a finished run, without its weights.
    WithoutWeights,
    /// Something that is no run.
    Foreign,
}

impl RunFolder {
    /// The folder at `path`, whatever is there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The resolved experiment.
    pub fn experiment(&self) -> PathBuf {
        self.0.join("experiment.toml")
    }

    /// What only an unfinished run needs.
    fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    /// Which experiment, from which start, the unfinished run is of.
    fn identity(&self) -> PathBuf {
        self.checkpoints().join("identity.json")
    }

    /// The weights of a network that the unfinished run's attack runs on, counted from 0.
    pub(crate) fn source(&self, place: usize) -> PathBuf {
        self.checkpoints().join(format!("source-{place}.safetensors"))
    }

    /// All of these that are there.
    fn sources(&self) -> impl Iterator<Item = PathBuf> {
        (0..).map(|place| self.source(place)).take_while(|file| file.is_file())
    }

    /// The weights that the run started from.
    pub fn start(&self) -> PathBuf {
        self.0.join("start.safetensors")
    }

    /// One line per sweep.
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// The same lines for `TensorBoard`, where they were asked for.
    pub fn events(&self) -> PathBuf {
        self.0.join("tensorboard")
    }

    /// The newest checkpoint.
    pub fn checkpoint(&self) -> PathBuf {
        self.checkpoints().join("state.safetensors")
    }

    /// The result.
    pub fn posterior(&self) -> PathBuf {
        self.0.join("posterior.safetensors")
    }

    /// What the chains thought of held-out images, sweep by sweep.
    pub fn traces(&self) -> PathBuf {
        self.0.join("traces.safetensors")
    }

    /// Which images it was trained on, held out and is tested on.
    pub fn data(&self) -> PathBuf {
        self.0.join(DATA)
    }

    /// What was run, on what, and how it went; written last.
    pub fn record(&self) -> PathBuf {
        self.0.join("record.json")
    }

    /// What is there.
    pub fn status(&self) -> Status {
        if self.record().is_file() {
            return if self.posterior().is_file() { Status::Finished } else { Status::WithoutWeights };
        }
        if self.experiment().is_file() {
            return Status::Begun;
        }
        let is_there = self.0.symlink_metadata().is_ok();
        if is_there && !self.is_vacant() { Status::Foreign } else { Status::Absent }
    }

    /// Whether the folder holds nothing but what is written before a run has begun: the lock, and what a process left that
    /// was killed in between.
    fn is_vacant(&self) -> bool {
        let sources: Vec<String> = self.sources().map(|file| name(&file)).collect();
        let begun = |file: &OsStr| match file.to_str() {
            Some("identity.json") => true,
            // As below.
            Some(file) if sources.iter().any(|source| source == file) => self.identity().is_file(),
            _ => bal_files::is_unfinished(file),
        };
        let expected = |name: &OsStr| match name.to_str() {
            Some(bal_files::LOCK_FILE) => true,
            Some("checkpoint") => all_names(&self.checkpoints(), &begun),
            // The user may have files of these names: ours come after the identity.
            Some("start.safetensors" | DATA) => self.identity().is_file(),
            _ => bal_files::is_unfinished(name),
        };
        all_names(&self.0, &expected)
    }

    /// What the unfinished run in the folder is of.
    pub(crate) fn read_identity(&self) -> Result<Identity> {
        let path = self.identity();
        let context = || format!("{} cannot be resumed: {}", self.0.display(), path.display());
        serde_json::from_slice(&std::fs::read(&path).with_context(context)?).with_context(context)
    }

    /// The record and posterior of a finished run.
    ///
    /// # Errors
    /// When there is no finished run, or its posterior is not the one that it ended with.
    pub fn finished(&self) -> Result<(Record, Posterior)> {
        let path = self.0.display();
        match self.status() {
            Status::Absent if !self.0.exists() => bail!("there is no run at {path}"),
            Status::Foreign if !self.0.is_dir() => bail!("{path} is no run folder, but a file"),
            Status::Absent | Status::Foreign => bail!("{path} is no run folder"),
            Status::Begun => {
                let fault = format!("the run at {path} has not ended");
                return Err(Refusal::new(fault, Remedy::Resume(self.0.clone())).into());
            }
            Status::WithoutWeights => bail!("{}", self.without_weights()),
            Status::Finished => {}
        }
        let record = Record::read(&self.record())?;
        // What is wrong with a file that is none says more than that its digest is another.
        let posterior = bal_models::read_posterior(&self.posterior(), None)?;
        self.verify(&record, &self.posterior())?;
        Ok((record, posterior))
    }

    /// What is to be said of a run whose weights are gone.
    pub(crate) fn without_weights(&self) -> String {
        let path = self.0.display();
        format!(
            "{path} has the record of a finished run, but not its weights: put posterior.safetensors back from a copy, \
             or train the run again into another folder"
        )
    }

    /// The traces of a finished run.
    ///
    /// # Errors
    /// When they cannot be read, or are not those that it ended with.
    pub(crate) fn read_traces(&self, record: &Record) -> Result<Traces> {
        let traces = bal_models::read_traces(&self.traces())?;
        self.verify(record, &self.traces())?;
        Ok(traces)
    }

    /// The images of a finished run.
    ///
    /// # Errors
    /// When they cannot be read, or are not those that it ended with.
    pub(crate) fn read_images(&self, record: &Record) -> Result<RunImages> {
        let images = bal_models::read_run_images(&self.data())?;
        self.verify(record, &self.data())?;
        Ok(images)
    }

    /// SHA-256 of the weights, the traces and the images that are there, as a record keeps them.
    pub(crate) fn digests(&self) -> Result<BTreeMap<String, String>> {
        let files = [self.posterior(), self.traces(), self.data()].into_iter().filter(|file| file.is_file());
        files.map(|file| Ok((name(&file), digest(&file)?))).collect()
    }

    /// Refuses a file that is not the one of which the record has a digest.
    fn verify(&self, record: &Record, file: &Path) -> Result<()> {
        match record.digests.get(&name(file)) {
            Some(expected) if digest(file)? != *expected => bail!(
                "{} is damaged or of another run: its SHA-256 is not the one in {}; put the right file in its place, or \
                 train the run again into another folder",
                file.display(),
                self.record().display()
            ),
            _ => Ok(()),
        }
    }
}

/// Whether all names in a folder that can be read are such.
fn all_names(folder: &Path, such: &dyn Fn(&OsStr) -> bool) -> bool {
    let entries = std::fs::read_dir(folder);
    entries.is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| such(&entry.file_name()))))
}

/// The name of a file, without its folder.
fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_folder_is_what_its_files_say() {
        let place = tempfile::tempdir().unwrap();
        let status = |name: &str, files: &[&str]| {
            let folder = RunFolder::new(place.path().join(name));
            for file in files {
                let path = folder.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, r#"{"digest":"","start":null}"#).unwrap();
            }
            folder.status()
        };
        assert_eq!(status("nothing", &[]), Status::Absent);
        fs::create_dir(place.path().join("empty")).unwrap();
        for (name, files, expected) in [
            ("empty", &[][..], Status::Absent),
            ("locked", &[".lock"], Status::Absent),
            (
                "killed-1",
                &[".lock", "checkpoint/identity.json", ".start.safetensors.x.unfinished"],
                Status::Absent,
            ),
            ("killed-2", &["checkpoint/.identity.json.x.unfinished"], Status::Absent),
            ("killed-3", &["checkpoint/identity.json", "start.safetensors"], Status::Absent),
            ("killed-4", &["checkpoint/identity.json", "checkpoint/source-0.safetensors"], Status::Absent),
            ("source", &["checkpoint/source-0.safetensors"], Status::Foreign),
            ("weights", &["start.safetensors"], Status::Foreign),
            ("thesis", &["thesis.tex"], Status::Foreign),
            ("checkpoints", &["checkpoint/mine"], Status::Foreign),
            ("begun", &["experiment.toml"], Status::Begun),
            ("ending", &["experiment.toml", "posterior.safetensors"], Status::Begun),
            ("finished", &["experiment.toml", "posterior.safetensors", "record.json"], Status::Finished),
            ("record", &["experiment.toml", "record.json"], Status::WithoutWeights),
        ] {
            assert_eq!(status(name, files), expected, "{name}");
        }
        fs::write(place.path().join("model.pt"), "").unwrap();
        let file = RunFolder::new(place.path().join("model.pt"));
        assert_eq!(file.status(), Status::Foreign);
        assert!(file.finished().unwrap_err().to_string().ends_with("model.pt is no run folder, but a file"));
    }
}
