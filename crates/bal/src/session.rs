//! What work runs on, and whom it reports to.

use crate::{Note, Observer, Result, observer::Silent, ranks::Among};
use bal_cluster::Cluster;
use bal_core::{Cut, Workers};
use bal_files::News;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use tch::Device;

/// Threads, a device, the folder of the published data sets, an [`Observer`], and perhaps other processes.
///
/// Results do not depend on the number of threads and of processes. They are the same bits on the same type of processor with the same LibTorch.
#[derive(Clone, Debug)]
pub struct Session {
    pub(crate) workers: Arc<Workers>,
    pub(crate) device: Device,
    pub(crate) data: Option<PathBuf>,
    observer: Arc<dyn Observer>,
    cluster: Option<Arc<Cluster>>,
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
        Ok(Self { workers, device: Device::Cpu, data: None, observer: Arc::new(Silent), cluster: None })
    }

    /// Computes on this device. On CUDA batches are whole and the chains of a block in one launch ([`Self::cut`]).
    #[must_use]
    pub fn on(self, device: Device) -> Self {
        let session = Self { device, ..self };
        if device.is_cuda() { session.cut(Cut::Whole) } else { session }
    }

    /// Cuts work so, whatever the device: results are the same up to rounding.
    #[must_use]
    pub fn cut(self, cut: Cut) -> Self {
        Self { workers: Arc::new(self.workers.with_cut(cut)), ..self }
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

    /// Works with the other ranks of `cluster`: [`train`](crate::train) and [`measure`](crate::measure) share their work out,
    /// and rank 0 alone writes files. After [`on`](Self::on).
    #[must_use]
    pub fn among(self, cluster: Arc<Cluster>) -> Self {
        let workers = self.workers.among(Arc::new(Among(cluster.clone())), self.device);
        Self { workers: Arc::new(workers), cluster: Some(cluster), ..self }
    }

    /// The same without other ranks.
    pub(crate) fn alone(&self) -> Self {
        Self { workers: Arc::new(self.workers.alone()), cluster: None, ..self.clone() }
    }

    /// The ranks that it works with.
    pub fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.cluster.as_ref()
    }

    /// Whether this is the only process, or rank 0 of several: the one that writes files.
    pub fn is_first(&self) -> bool {
        self.cluster.as_ref().is_none_or(|cluster| cluster.rank() == 0)
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

    /// [`crate::versions`], and how work is cut where that is not as on a processor.
    pub(crate) fn versions(&self) -> BTreeMap<String, String> {
        let mut versions = crate::versions();
        if self.workers.cut() == Cut::Whole {
            versions.insert("batches".into(), "whole, chains in one launch".into());
        }
        versions
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
