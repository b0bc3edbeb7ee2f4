//! `posterior.safetensors`: the samples of a posterior, stacked over chains.

use crate::{ModelError, description, ensemble::are_alike, tensor_file::TensorFile};
use bal_core::{
    Architecture, EnsembleGradient, Member, Position, Posterior, Prediction, TensorSpec, tensor_prefix,
};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};
use tch::{Kind, Tensor};

/// Writes every weight and buffer, `[S, ...]`, with metadata `architecture`, `chains`, `prediction`
/// and `ensemble_gradient`; `input` (channels,height,width) and `classes` of a network for other images than the
/// paper's; `class_names`, a JSON list, where the posterior has them; `columns`, a JSON
/// list of `[name, mean, sd]` with the target last, where it was trained on a table. The same posterior gives the same bytes.
///
/// Members of several architectures are written one architecture after another, and read back in that order: `architecture`
/// is then `cnn,mlp-256-256`, `chains` is `3,2`, and the names of tensors begin with the architecture and its place,
/// `cnn.0/conv1.weight`.
///
/// # Errors
/// [`ModelError::Empty`] without members; [`ModelError::Unlike`] with members for different images or classes;
/// [`ModelError::Io`] when the file cannot be written: nothing half-written is left.
pub fn write_posterior(path: &Path, posterior: &Posterior) -> Result<(), ModelError> {
    file_of(posterior)?.write(path)
}

/// The bytes of the file that [`write_posterior`] writes to `path`.
///
/// # Errors
/// As [`write_posterior`]; [`ModelError::Tensor`] for weights of a type that files do not have.
pub fn posterior_bytes(path: &Path, posterior: &Posterior) -> Result<Vec<u8>, ModelError> {
    file_of(posterior)?.bytes(path)
}

fn file_of(posterior: &Posterior) -> Result<TensorFile, ModelError> {
    let groups = posterior.groups();
    let networks: Vec<&dyn Architecture> = groups.iter().map(|group| &*group[0].network).collect();
    are_alike(networks.iter().copied())?;
    let prefixes = prefixes(&networks);
    let mut tensors = BTreeMap::new();
    for ((group, network), prefix) in groups.iter().zip(&networks).zip(&prefixes) {
        for (specs, part) in [(network.parameters(), parameters as Part), (network.buffers(), buffers)] {
            for (i, spec) in specs.into_iter().enumerate() {
                let members: Vec<Tensor> =
                    group.iter().map(|m| part(m).tensors()[i].shallow_clone()).collect();
                tensors.insert(format!("{prefix}{}", spec.name), Tensor::stack(&members, 0));
            }
        }
    }
    let chains: Vec<String> = groups.iter().map(|group| group.len().to_string()).collect();
    let members = [
        ("chains", chains.join(description::SEPARATOR)),
        ("prediction", posterior.prediction.to_string()),
        ("ensemble_gradient", posterior.ensemble_gradient.to_string()),
    ];
    let members = members.map(|(key, value)| (key.to_string(), value));
    let metadata: HashMap<String, String> =
        description::of(&networks, posterior.class_names.as_deref(), posterior.columns.as_ref())
            .into_iter()
            .chain(members)
            .collect();
    Ok(TensorFile { metadata, tensors })
}

/// What the names of each network's tensors begin with: nothing where there is one network.
fn prefixes(networks: &[&dyn Architecture]) -> Vec<String> {
    let prefix =
        |(place, network): (usize, &&dyn Architecture)| tensor_prefix(*network, place, networks.len());
    networks.iter().enumerate().map(prefix).collect()
}

/// Reads a posterior of `architecture`, or of those that its metadata name.
///
/// Without metadata on them, predictions are mean probabilities and attacks see the prediction;
/// where only `prediction` says `mean-logits`, attacks see the mean of the members' gradients.
///
/// # Errors
/// [`ModelError`] naming the file and the tensor or metadata that is missing, unexpected, of
/// another shape or type, or not finite.
pub fn read_posterior(
    path: &Path,
    architecture: Option<Arc<dyn Architecture>>,
) -> Result<Posterior, ModelError> {
    posterior_of(path, TensorFile::read(path)?, architecture)
}

/// Whether the file at `path` has weights of a network that says values of rows of a table; not where it cannot be read.
pub fn has_columns(path: &Path) -> bool {
    TensorFile::read(path).is_ok_and(|file| description::says_columns(&file.metadata))
}

/// The posterior that the bytes of the file at `path` hold, however they came here, of the architectures that its metadata
/// name.
///
/// # Errors
/// Those of [`read_posterior`] for what the file holds.
pub fn posterior_of_bytes(path: &Path, bytes: &[u8]) -> Result<Posterior, ModelError> {
    posterior_of(path, TensorFile::of(path, bytes)?, None)
}

/// As [`read_posterior`]; `usual` is the architecture where the file names none.
pub(crate) fn read_posterior_or(path: &Path, usual: &Arc<dyn Architecture>) -> Result<Posterior, ModelError> {
    let file = TensorFile::read(path)?;
    let architecture = (!description::names_a_network(&file.metadata)).then(|| usual.clone());
    posterior_of(path, file, architecture)
}

fn posterior_of(
    path: &Path,
    file: TensorFile,
    architecture: Option<Arc<dyn Architecture>>,
) -> Result<Posterior, ModelError> {
    let TensorFile { metadata, mut tensors } = file;
    let networks = description::networks(path, &metadata, architecture)?;
    let prefixes = prefixes(&networks.iter().map(|network| &**network).collect::<Vec<_>>());
    let said = said_chains(path, &metadata, networks.len())?;
    let mut members = Vec::new();
    for ((network, prefix), said) in networks.iter().zip(&prefixes).zip(said) {
        let named = |specs: Vec<TensorSpec>| -> Vec<TensorSpec> {
            let named = |spec: TensorSpec| TensorSpec { name: format!("{prefix}{}", spec.name), ..spec };
            specs.into_iter().map(named).collect()
        };
        let parameters = named(network.parameters());
        let chains = chains(path, said, &tensors, parameters.first().ok_or(ModelError::Empty)?)?;
        let weights = take(path, &mut tensors, &parameters, chains)?;
        let statistics = take(path, &mut tensors, &named(network.buffers()), chains)?;
        let member = |s: i64| Member {
            network: network.clone(),
            parameters: slice(&weights, s),
            buffers: slice(&statistics, s),
        };
        members.extend((0..chains).map(member));
    }
    if let Some(tensor) = tensors.into_keys().next() {
        let names: Vec<&str> = networks.iter().map(|network| network.name()).collect();
        let problem = format!("is no weight of the architecture `{}`", names.join(description::SEPARATOR));
        return Err(ModelError::Tensor { path: path.into(), tensor, problem });
    }
    let prediction = parse(path, &metadata, "prediction")?.unwrap_or(Prediction::MeanProbability);
    let implied = match prediction {
        Prediction::MeanLogits => EnsembleGradient::MemberMean,
        Prediction::MeanProbability | Prediction::LastMember => EnsembleGradient::Predictive,
    };
    Ok(Posterior {
        members,
        prediction,
        ensemble_gradient: parse(path, &metadata, "ensemble_gradient")?.unwrap_or(implied),
        mixing: None,
        regime: None,
        precisions: vec![],
        laplace: None,
        class_names: description::class_names(path, &metadata, networks[0].classes())?,
        columns: description::columns(path, &metadata, &*networks[0])?,
    })
}

type Part = fn(&Member) -> &Position;

fn parameters(member: &Member) -> &Position {
    &member.parameters
}

fn buffers(member: &Member) -> &Position {
    &member.buffers
}

/// The numbers of chains that the metadata have for each of so many networks, where they have them.
fn said_chains(
    path: &Path,
    metadata: &HashMap<String, String>,
    networks: usize,
) -> Result<Vec<Option<i64>>, ModelError> {
    let problem = |problem: String| ModelError::Metadata { path: path.into(), key: "chains", problem };
    let Some(text) = metadata.get("chains") else { return Ok(vec![None; networks]) };
    let parts: Vec<&str> = text.split(description::SEPARATOR).collect();
    if parts.len() != networks {
        return Err(problem(format!("is `{text}`, but there are {networks} architectures")));
    }
    let number = |part: &str| part.parse().map_err(|_| problem(format!("is `{text}`, not a number")));
    parts.into_iter().map(|part| number(part).map(Some)).collect()
}

/// The number of chains: the leading dimension of the weight `spec`; the metadata may repeat it.
fn chains(
    path: &Path,
    said: Option<i64>,
    tensors: &BTreeMap<String, Tensor>,
    spec: &TensorSpec,
) -> Result<i64, ModelError> {
    let TensorSpec { name, shape } = spec;
    let tensor = |problem: String| ModelError::Tensor { path: path.into(), tensor: name.clone(), problem };
    let size = tensors.get(name).ok_or_else(|| tensor("is missing".into()))?.size();
    let found = match size.split_first() {
        Some((&chains, rest)) if chains > 0 && rest == shape => chains,
        _ => {
            let wanted: Vec<String> = shape.iter().map(i64::to_string).collect();
            return Err(tensor(format!("has shape {size:?}, [chains, {}] is wanted", wanted.join(", "))));
        }
    };
    match said {
        Some(said) if said != found => {
            let problem = format!("is {said}, but `{name}` holds {found}");
            Err(ModelError::Metadata { path: path.into(), key: "chains", problem })
        }
        _ => Ok(found),
    }
}

fn parse<T: std::str::FromStr<Err = bal_core::CoreError>>(
    path: &Path,
    metadata: &HashMap<String, String>,
    key: &'static str,
) -> Result<Option<T>, ModelError> {
    let problem = |e: bal_core::CoreError| ModelError::Metadata {
        path: path.into(),
        key,
        problem: format!("cannot be used: {e}"),
    };
    metadata.get(key).map(|text| text.parse().map_err(problem)).transpose()
}

/// Removes the tensors that `specs` name, checking each.
fn take(
    path: &Path,
    tensors: &mut BTreeMap<String, Tensor>,
    specs: &[TensorSpec],
    chains: i64,
) -> Result<Vec<Tensor>, ModelError> {
    let check = |spec: &TensorSpec| {
        let problem =
            |problem: String| ModelError::Tensor { path: path.into(), tensor: spec.name.clone(), problem };
        let tensor = tensors.remove(&spec.name).ok_or_else(|| problem("is missing".into()))?;
        let expected: Vec<i64> = [&[chains], spec.shape.as_slice()].concat();
        if tensor.size() != expected {
            return Err(problem(format!("has shape {:?}, {expected:?} is wanted", tensor.size())));
        }
        if tensor.kind() != Kind::Float {
            return Err(problem(format!("is of type {:?}; F32 is wanted", tensor.kind())));
        }
        if bool::try_from(tensor.isfinite().all()).unwrap_or(false) {
            Ok(tensor)
        } else {
            Err(problem("holds a number that is not finite".into()))
        }
    };
    specs.iter().map(check).collect()
}

fn slice(stacked: &[Tensor], s: i64) -> Position {
    Position::new(stacked.iter().map(|t| t.get(s).copy()).collect())
}
