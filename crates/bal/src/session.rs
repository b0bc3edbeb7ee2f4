//! What work runs on, and whom it reports to.

use crate::{Note, Observer, Result, observer::Silent};
use bal_core::Workers;
use bal_files::News;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tch::Device;

/// Threads, a device, the folder of the published data sets, and an [`Observer`].
///
/// Results do not depend on the number of threads. They are the same bits on the same type of processor with the same LibTorch.
#[derive(Clone, Debug)]
pub struct Session {
    pub(crate) workers: Arc<Workers>,
    pub(crate) device: Device,
    pub(crate) data: Option<PathBuf>,
    observer: Arc<dyn Observer>,
}

impl Session {
    /// A thread for each core, on the CPU, silent; data sets are looked for in `$BAL_DATA`, else in `datasets/`.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn new() -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::with_threads(cores)
    }

    /// The same on so many threads, at least 1.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn with_threads(threads: usize) -> Result<Self> {
        let workers = Arc::new(Workers::new(threads)?);
        Ok(Self { workers, device: Device::Cpu, data: None, observer: Arc::new(Silent) })
    }

    /// Computes on this device.
    #[must_use]
    pub fn on(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// Looks for published data sets in this folder.
    #[must_use]
    pub fn with_data(self, folder: Option<&Path>) -> Self {
        Self { data: folder.map(Path::to_path_buf), ..self }
    }

    /// Reports to `observer`.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Whom it reports to.
    pub fn observer(&self) -> &dyn Observer {
        &*self.observer
    }

    /// What it computes on.
    pub fn device(&self) -> Device {
        self.device
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.workers.threads()
    }

    /// Tells the observer all of these.
    pub(crate) fn note_all(&self, notes: &[Note]) {
        for note in notes {
            self.observer.note(note);
        }
    }

    /// News of locks. That a file system has none is for the observer to say once.
    pub(crate) fn tell(&self, news: &News<'_>) {
        self.observer.locks(news);
    }
}
