//! A run folder that this process alone writes to.

use super::{Identity, RunFolder, Status};
use crate::{Refusal, Remedy, Session, file_digest::digest, sources::Source};
use anyhow::{Context, Result, bail};
use bal_core::Posterior;
use bal_files::{Lock, LockError};
use bal_models::RunImages;
use std::{fs, path::PathBuf};

/// What a training run has of its folder: nobody else writes there until it is dropped.
///
/// A run that was begun here and dropped before its first checkpoint is taken away again, and nothing else ever is.
pub(crate) struct Claim<'a> {
    folder: &'a RunFolder,
    status: Status,
    lock: Lock,
    /// Whether what is in the folder is worth keeping, whatever comes.
    keep: bool,
}

impl RunFolder {
    /// Takes the folder for this process, makes it where it is missing, or is refused at once.
    ///
    /// # Errors
    /// When another process writes there, which is then named; when it cannot be made.
    pub(crate) fn claim(&self, session: &Session) -> Result<Claim<'_>> {
        match Lock::take(self.path(), &mut |news| session.tell(news)) {
            Ok(lock) => Ok(self.claimed(lock)),
            Err(LockError::Busy { folder, holder }) => {
                let fault = format!("{} is in use by {holder}", folder.display());
                Err(Refusal::new(fault, Remedy::WaitOrAnotherFolder).into())
            }
            Err(error) => {
                Err(error).with_context(|| format!("cannot make the run folder {}", self.path().display()))
            }
        }
    }

    /// The same as soon as no other process writes there.
    pub(crate) fn claim_when_free(&self, session: &Session) -> Result<Claim<'_>> {
        let lock = Lock::wait(self.path(), &mut |news| session.tell(news));
        Ok(self
            .claimed(lock.with_context(|| format!("cannot make the run folder {}", self.path().display()))?))
    }

    fn claimed(&self, lock: Lock) -> Claim<'_> {
        // Only now is it certain: another process may have ended since somebody looked.
        Claim { folder: self, status: self.status(), lock, keep: false }
    }
}

impl<'a> Claim<'a> {
    pub(crate) fn folder(&self) -> &'a RunFolder {
        self.folder
    }

    /// In which state the folder was found.
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// Begins a run: writes the experiment, as the text of its file, the weights to start from, the networks that its attack is
    /// let at, and which images it is of.
    pub(crate) fn begin(
        &self,
        experiment: String,
        identity: &Identity,
        (start, sources): (Option<&Posterior>, &[Source]),
        images: &RunImages,
    ) -> Result<()> {
        let context = || format!("cannot begin a run in {}", self.folder.path().display());
        let put = |path: PathBuf, text: String| {
            bal_files::write(&path, text.as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))
                .with_context(context)
        };
        self.remove_leftovers();
        fs::create_dir_all(self.folder.checkpoints()).with_context(context)?;
        put(self.folder.identity(), serde_json::to_string(identity)?)?;
        if let Some(start) = start {
            bal_models::write_posterior(&self.folder.start(), start).with_context(context)?;
        }
        for (place, source) in sources.iter().enumerate() {
            let copy = self.folder.source(place);
            bal_files::write(&copy, &fs::read(&source.file).with_context(context)?).with_context(context)?;
            if digest(&copy)? != source.digest {
                bail!("{} changed while it was read; give a file that stays as it is", source.file.display());
            }
        }
        bal_models::write_run_images(&self.folder.data(), images).with_context(context)?;
        // By this file a folder is known as a run: what is there before is not looked at.
        put(self.folder.experiment(), experiment)
    }

    /// Removes what a killed process was writing.
    pub(crate) fn remove_leftovers(&self) {
        self.lock.remove_leftovers(&[&self.folder.checkpoints(), &self.folder.events()]);
    }

    /// From now on nothing in the folder is taken away, whether there is a checkpoint or not.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
    }

    /// Whether the run stays in the folder if it ends now.
    pub(crate) fn is_kept(&self) -> bool {
        self.keep || self.status != Status::Absent || self.folder.checkpoint().is_file()
    }

    /// Takes away what only an unfinished run needs.
    pub(crate) fn tidy(&self) {
        // The run is finished; what cannot be removed is in nobody's way.
        let sources: Vec<PathBuf> = self.folder.sources().collect();
        let own = [self.folder.identity(), self.folder.checkpoint()];
        // From the last one on, so that those that are left count on from 0.
        for file in sources.into_iter().rev().chain(own) {
            let _ = fs::remove_file(file);
        }
        let _ = fs::remove_dir(self.folder.checkpoints());
    }

    /// Removes each file that a run writes before its first checkpoint. The folder itself goes with the lock, if it was made
    /// for it.
    fn take_away(&self) {
        for file in [self.folder.experiment(), self.folder.start(), self.folder.data(), self.folder.metrics()]
        {
            let _ = fs::remove_file(file);
        }
        self.tidy();
        bal_report::EventWriter::remove(&self.folder.events());
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        // The user may have moved the folder meanwhile: what is there now is another's.
        if !self.is_kept() && self.lock.is_in_place() {
            self.take_away();
        }
    }
}
