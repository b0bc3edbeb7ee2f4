//! Run folders: what a training run writes, and how it is found again.

use crate::{experiment::Experiment, trained_on};
use anyhow::{Context, Result, bail};
use bal_core::Posterior;
use bal_report::Record;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The folder of one run.
#[derive(Clone, Debug)]
pub(crate) struct RunFolder(PathBuf);

/// Which run a folder is of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// Digest of everything that determines the weights.
    pub(crate) digest: String,
    /// Name and digest of the weights that it started from.
    pub(crate) start: Option<(String, String)>,
}

/// In which state a folder is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nothing is there.
    Absent,
    /// A run that has not ended.
    Begun,
    /// A run with its record.
    Finished,
}

impl RunFolder {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The resolved experiment.
    pub(crate) fn experiment(&self) -> PathBuf {
        self.0.join("experiment.toml")
    }

    /// Which experiment, from which start, the unfinished run is of.
    fn identity(&self) -> PathBuf {
        self.0.join("checkpoint").join("identity.json")
    }

    /// The weights that the run started from.
    pub(crate) fn start(&self) -> PathBuf {
        self.0.join("start.safetensors")
    }

    /// One line per sweep.
    pub(crate) fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// The same lines for `TensorBoard`, where they were asked for.
    pub(crate) fn events(&self) -> PathBuf {
        self.0.join("tensorboard")
    }

    /// The newest checkpoint.
    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint").join("state.safetensors")
    }

    /// The result.
    pub(crate) fn posterior(&self) -> PathBuf {
        self.0.join("posterior.safetensors")
    }

    /// What the chains thought of held-out images, sweep by sweep.
    pub(crate) fn traces(&self) -> PathBuf {
        self.0.join("traces.safetensors")
    }

    /// Which images it was trained on, held out and is tested on.
    pub(crate) fn data(&self) -> PathBuf {
        self.0.join(trained_on::FILE)
    }

    /// What was run, on what, and how it went; written last.
    pub(crate) fn record(&self) -> PathBuf {
        self.0.join("record.json")
    }

    /// What is there.
    ///
    /// # Errors
    /// When the folder holds something other than a run.
    pub(crate) fn status(&self) -> Result<Status> {
        if !self.0.exists() {
            return Ok(Status::Absent);
        }
        if self.record().is_file() && self.posterior().is_file() {
            return Ok(Status::Finished);
        }
        if self.experiment().is_file() {
            return Ok(Status::Begun);
        }
        bail!("{} exists and is no run folder; give another --out", self.0.display());
    }

    /// Makes the folder with the experiment and the weights to start from, whole or not at all.
    pub(crate) fn create(
        &self,
        experiment: &Experiment,
        identity: &Identity,
        start: Option<&Posterior>,
    ) -> Result<()> {
        let parent = self.0.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let context = || format!("cannot make the run folder {}", self.0.display());
        std::fs::create_dir_all(parent).with_context(context)?;
        let temporary = tempfile::Builder::new().prefix(".run-").tempdir_in(parent).with_context(context)?;
        let inner = Self::new(temporary.path());
        std::fs::create_dir(temporary.path().join("checkpoint")).with_context(context)?;
        std::fs::write(inner.experiment(), toml::to_string(experiment)?).with_context(context)?;
        std::fs::write(inner.identity(), serde_json::to_string(identity)?).with_context(context)?;
        if let Some(start) = start {
            bal_models::write_posterior(&inner.start(), start)?;
        }
        #[cfg(unix)]
        {
            // Temporary folders are private; run folders are as open as any other.
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(temporary.path(), std::fs::Permissions::from_mode(0o755))
                .with_context(context)?;
        }
        std::fs::rename(temporary.keep(), &self.0).with_context(context)
    }

    /// What the unfinished run in the folder is of.
    pub(crate) fn read_identity(&self) -> Result<Identity> {
        let path = self.identity();
        let context = || format!("{} cannot be resumed: {}", self.0.display(), path.display());
        serde_json::from_slice(&std::fs::read(&path).with_context(context)?).with_context(context)
    }

    /// Takes the folder away: of a run that ended before its first checkpoint nothing is worth keeping.
    pub(crate) fn discard(&self) {
        // The run's own error is what matters to the user, not that its folder is still there.
        let _ = std::fs::remove_dir_all(&self.0);
    }

    /// Takes away what only an unfinished run needs.
    pub(crate) fn tidy(&self) -> Result<()> {
        let folder = self.0.join("checkpoint");
        if folder.is_dir() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        Ok(())
    }

    /// The record and posterior of a finished run.
    ///
    /// # Errors
    /// When there is no finished run.
    pub(crate) fn finished(&self) -> Result<(Record, Posterior)> {
        match self.status()? {
            Status::Absent => bail!("there is no run at {}", self.0.display()),
            Status::Begun => bail!(
                "the run at {} has not ended; `bal train --resume --out {}` continues it",
                self.0.display(),
                self.0.display()
            ),
            Status::Finished => {
                Ok((Record::read(&self.record())?, bal_models::read_posterior(&self.posterior(), None)?))
            }
        }
    }
}
