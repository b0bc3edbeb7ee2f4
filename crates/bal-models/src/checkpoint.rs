//! Checkpoints: the states of a run between two sweeps, in safetensors.

use crate::{
    ModelError,
    tensor_file::{TensorFile, read_header},
};
use bal_core::{Architecture, ChainState, Checkpoint, Member, Position, State};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};
use tch::Tensor;

/// What a checkpoint holds beside its tensors; the tensors' names are counted by it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// Digest of the experiment that it belongs to.
    experiment: String,
    sweep: u64,
    chains: Vec<ChainContents>,
    samples: Vec<MemberContents>,
    extras: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainContents {
    step: u64,
    position: usize,
    memory: Vec<usize>,
    buffers: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberContents {
    parameters: usize,
    buffers: usize,
}

const KEY: &str = "checkpoint";

/// Writes `checkpoint` of the experiment with digest `experiment`, with a checksum, whole or not at all: a kill at any
/// moment leaves the old checkpoint or the new one.
///
/// # Errors
/// [`ModelError::Io`] when the file cannot be written, [`ModelError::Tensor`] for a tensor that is
/// neither `F32`, `F64` nor `I64`; the old checkpoint is then untouched.
pub fn write_checkpoint(path: &Path, experiment: &str, checkpoint: &Checkpoint) -> Result<(), ModelError> {
    let mut tensors = BTreeMap::new();
    let mut put = |prefix: String, position: &Position| {
        for (i, tensor) in position.tensors().iter().enumerate() {
            tensors.insert(format!("{prefix}.{i}"), tensor.shallow_clone());
        }
        position.tensors().len()
    };
    let chains = checkpoint.chains.iter().enumerate().map(|(c, chain)| ChainContents {
        step: chain.state.step,
        position: put(format!("chain.{c}.position"), &chain.state.position),
        memory: (chain.state.memory.iter().enumerate())
            .map(|(m, memory)| put(format!("chain.{c}.memory.{m}"), memory))
            .collect(),
        buffers: put(format!("chain.{c}.buffers"), &chain.buffers),
    });
    let chains = chains.collect();
    let samples = checkpoint.samples.iter().enumerate().map(|(s, sample)| MemberContents {
        parameters: put(format!("sample.{s}.parameters"), &sample.parameters),
        buffers: put(format!("sample.{s}.buffers"), &sample.buffers),
    });
    let samples = samples.collect();
    let extras = checkpoint.extras.iter().map(|(name, tensor)| {
        tensors.insert(format!("extra.{name}"), tensor.shallow_clone());
        name.clone()
    });
    let extras = extras.collect();
    let contents =
        Contents { experiment: experiment.into(), sweep: checkpoint.sweep, chains, samples, extras };
    let contents = serde_json::to_string(&contents)
        .map_err(|e| ModelError::Format { path: path.into(), reason: e.to_string() })?;
    TensorFile { metadata: [(KEY.into(), contents)].into(), tensors }.write_sealed(path)
}

/// The sweep after which a checkpoint was written; of a large file only the header is read.
///
/// # Errors
/// [`ModelError`] when it is no checkpoint.
pub fn checkpoint_sweep(path: &Path) -> Result<u64, ModelError> {
    Ok(contents(path, &read_header(path)?)?.sweep)
}

/// Reads a checkpoint of the experiment with digest `experiment`; `network` says whose weights a chain moves, by its number.
/// Samples were kept chain by chain.
///
/// # Errors
/// [`ModelError`] when it is not one, is damaged or incomplete, holds more than it says, or belongs to another experiment.
/// One without a checksum, of an earlier version, is refused.
pub fn read_checkpoint(
    path: &Path,
    experiment: &str,
    network: &dyn Fn(usize) -> Arc<dyn Architecture>,
) -> Result<Checkpoint, ModelError> {
    // Another file is told apart from a damaged one.
    text(path, &read_header(path)?)?;
    checkpoint_of(path, TensorFile::read_sealed(path)?, experiment, network)
}

/// The checkpoint that the bytes of the file at `path` hold, however they came here.
///
/// # Errors
/// Those of [`read_checkpoint`] for what the file holds.
pub fn checkpoint_of_bytes(
    path: &Path,
    bytes: Vec<u8>,
    experiment: &str,
    network: &dyn Fn(usize) -> Arc<dyn Architecture>,
) -> Result<Checkpoint, ModelError> {
    checkpoint_of(path, TensorFile::of_sealed(path, bytes)?, experiment, network)
}

fn checkpoint_of(
    path: &Path,
    file: TensorFile,
    experiment: &str,
    network: &dyn Fn(usize) -> Arc<dyn Architecture>,
) -> Result<Checkpoint, ModelError> {
    let metadata_error = |problem: String| ModelError::Metadata { path: path.into(), key: KEY, problem };
    let TensorFile { metadata, mut tensors } = file;
    let contents = contents(path, &metadata)?;
    if contents.experiment != experiment {
        let problem = "belongs to another experiment: its settings, seed or data differ";
        return Err(metadata_error(problem.into()));
    }
    let mut take_one = |name: String| {
        tensors.remove(&name).ok_or_else(|| ModelError::Tensor {
            path: path.into(),
            tensor: name,
            problem: "is missing".into(),
        })
    };
    let mut take = |prefix: String, count: usize| -> Result<Position, ModelError> {
        let parts: Result<Vec<Tensor>, _> = (0..count).map(|i| take_one(format!("{prefix}.{i}"))).collect();
        Ok(Position::new(parts?))
    };
    let mut chains = Vec::new();
    for (c, chain) in contents.chains.iter().enumerate() {
        let position = take(format!("chain.{c}.position"), chain.position)?;
        let memory = (chain.memory.iter().enumerate())
            .map(|(m, &count)| take(format!("chain.{c}.memory.{m}"), count))
            .collect::<Result<_, _>>()?;
        let buffers = take(format!("chain.{c}.buffers"), chain.buffers)?;
        chains.push(ChainState { state: State::new(position, memory).after(chain.step), buffers });
    }
    let mut samples = Vec::new();
    for (s, sample) in contents.samples.iter().enumerate() {
        let parameters = take(format!("sample.{s}.parameters"), sample.parameters)?;
        let buffers = take(format!("sample.{s}.buffers"), sample.buffers)?;
        let network = network(s % contents.chains.len().max(1));
        samples.push(Member { network, parameters, buffers });
    }
    let extras = (contents.extras.into_iter())
        .map(|name| Ok((name.clone(), take_one(format!("extra.{name}"))?)))
        .collect::<Result<_, ModelError>>()?;
    if let Some(tensor) = tensors.into_keys().next() {
        let problem = "is no part of the checkpoint that the file describes".into();
        return Err(ModelError::Tensor { path: path.into(), tensor, problem });
    }
    Ok(Checkpoint { sweep: contents.sweep, chains, samples, extras })
}

/// What the metadata of the file at `path` say of its tensors.
fn contents(path: &Path, metadata: &HashMap<String, String>) -> Result<Contents, ModelError> {
    let problem =
        |e| ModelError::Metadata { path: path.into(), key: KEY, problem: format!("cannot be read: {e}") };
    serde_json::from_str(text(path, metadata)?).map_err(problem)
}

/// The text by which a checkpoint is known.
fn text<'a>(path: &Path, metadata: &'a HashMap<String, String>) -> Result<&'a String, ModelError> {
    metadata.get(KEY).ok_or_else(|| ModelError::Metadata {
        path: path.into(),
        key: KEY,
        problem: "is missing: this is no checkpoint".into(),
    })
}
