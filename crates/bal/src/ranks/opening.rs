//! What rank 0 tells the others before a training, so that they need no run folder.

use crate::{Result, RunFolder};
use anyhow::{Context, anyhow};
use bal_cluster::Cluster;
use bal_core::{Architecture, Checkpoint, Posterior};
use serde::{Deserialize, Serialize};
use std::{fs, sync::Arc};

/// The first thing that rank 0 says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Opening {
    /// The run is finished already.
    Finished,
    /// This experiment is trained, in TOML.
    Train(String),
}

impl Opening {
    pub(crate) fn tell(&self, cluster: &Cluster) -> Result<()> {
        Ok(cluster.broadcast(serde_json::to_vec(self)?).map(drop)?)
    }

    pub(crate) fn hear(cluster: &Cluster) -> Result<Self> {
        serde_json::from_slice(&cluster.broadcast(vec![])?).context("rank 0 says something unknown")
    }
}

/// What the run begins with, as rank 0 found it.
pub(crate) struct Beginning {
    pub(crate) start: Option<Posterior>,
    /// The networks that its attack runs on.
    pub(crate) sources: Vec<Posterior>,
    /// Of everything that determines the weights.
    pub(crate) digest: String,
    /// The file of the checkpoint that it goes on from.
    checkpoint: Option<Vec<u8>>,
}

/// What of it comes.
#[derive(Serialize, Deserialize)]
struct Contents {
    digest: String,
    start: bool,
    sources: usize,
    checkpoint: bool,
}

impl Beginning {
    /// Tells the others. The checkpoint is that of `folder`, if it has one.
    pub(crate) fn tell(
        cluster: &Cluster,
        folder: &RunFolder,
        (start, sources): (Option<&Posterior>, &[&Posterior]),
        digest: &str,
    ) -> Result<()> {
        let path = folder.checkpoint();
        let checkpoint = path.is_file().then(|| fs::read(&path)).transpose();
        let checkpoint = checkpoint.with_context(|| format!("cannot read {}", path.display()))?;
        let contents = Contents {
            digest: digest.into(),
            start: start.is_some(),
            sources: sources.len(),
            checkpoint: checkpoint.is_some(),
        };
        cluster.broadcast(serde_json::to_vec(&contents)?)?;
        for posterior in start.iter().chain(sources) {
            cluster.broadcast(bal_models::posterior_bytes(&folder.start(), posterior)?)?;
        }
        checkpoint.map_or(Ok(()), |bytes| Ok(cluster.broadcast(bytes).map(drop)?))
    }

    /// Hears it from rank 0. `folder` is only what errors call it.
    pub(crate) fn hear(cluster: &Cluster, folder: &RunFolder) -> Result<Self> {
        let contents: Contents = serde_json::from_slice(&cluster.broadcast(vec![])?)
            .map_err(|error| anyhow!("rank 0 says something unknown: {error}"))?;
        let posterior = || -> Result<Posterior> {
            Ok(bal_models::posterior_of_bytes(&folder.start(), &cluster.broadcast(vec![])?)?)
        };
        let start = contents.start.then(posterior).transpose()?;
        let sources = (0..contents.sources).map(|_| posterior()).collect::<Result<_>>()?;
        let checkpoint = contents.checkpoint.then(|| cluster.broadcast(vec![])).transpose()?;
        Ok(Self { start, sources, digest: contents.digest, checkpoint })
    }

    /// The checkpoint; `network` says whose weights a chain moves.
    pub(crate) fn checkpoint(
        &mut self,
        folder: &RunFolder,
        network: &dyn Fn(usize) -> Arc<dyn Architecture>,
    ) -> Result<Option<Checkpoint>> {
        let Some(bytes) = self.checkpoint.take() else { return Ok(None) };
        Ok(Some(bal_models::checkpoint_of_bytes(&folder.checkpoint(), bytes, &self.digest, network)?))
    }
}
