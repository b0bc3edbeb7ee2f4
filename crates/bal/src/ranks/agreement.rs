//! What has to be the same on all ranks, so that they work at one result.

use crate::{Result, Session, TrainRequest, experiment::Experiment, flat::flat, versions::versions};
use bal_cluster::Cluster;
use serde_json::Value;
use std::collections::BTreeMap;

/// Refuses ranks on other processors, with other versions, or with other `settings`, which are given by name.
///
/// # Errors
/// Naming the first rank that differs from rank 0, and in what.
fn agree(cluster: &Cluster, settings: BTreeMap<String, String>) -> Result<()> {
    let mut all = settings;
    for (name, value) in versions() {
        let what = match name.as_str() {
            "bal" | "libtorch" => format!("version of {name}"),
            "instructions" => "widest vector instructions".into(),
            "target" => name,
            // Its name says nothing of the bits, nor does the compiler.
            _ => continue,
        };
        all.insert(what, value);
    }
    all.insert("vector level of LibTorch".into(), bal_cluster::capability());
    Ok(cluster.agree(&all)?)
}

/// The same for ranks that train an experiment on data with these digests.
pub(crate) fn agree_on_training(
    cluster: &Cluster,
    (request, experiment): (&TrainRequest, &Experiment),
    data: &BTreeMap<String, String>,
    session: &Session,
) -> Result<()> {
    let mut all = BTreeMap::new();
    for (key, value) in experiment.determining()? {
        all.insert(format!("setting {key}"), value);
    }
    for (file, digest) in data {
        all.insert(format!("SHA-256 of {file}"), digest.clone());
    }
    let sweeps = request.options.max_sweeps.map_or("none".into(), |sweeps| sweeps.to_string());
    all.insert("limit of batches".into(), sweeps);
    all.insert("list of changed settings".into(), format!("{:?}", request.experiment.changes));
    all.insert("device".into(), if session.device.is_cuda() { "cuda" } else { "cpu" }.into());
    agree(cluster, all)
}

/// The same for ranks that make an evaluation, of which `identity` says everything that its shards depend on.
pub(crate) fn agree_on_evaluation(cluster: &Cluster, identity: &Value, seeds: &[u64]) -> Result<()> {
    let mut all = flat(identity);
    // They are compared with a word for each, and the processor's name is not.
    all.retain(|key, _| !key.starts_with("versions."));
    all.insert("seeds".into(), format!("{seeds:?}"));
    agree(cluster, all)
}
