//! `posterior.safetensors`: the samples of a posterior, stacked over chains.

use crate::{ModelError, description, tensor_file::TensorFile};
use bal_core::{Architecture, EnsembleGradient, Member, Position, Posterior, Prediction, TensorSpec};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::Arc,
};
use tch::{Kind, Tensor};

/// Writes every weight and buffer, `[S, ...]`, with metadata `architecture`, `chains`, `prediction`
/// and `ensemble_gradient`; `input` (channels,height,width) and `classes` of a network for other images than the
/// paper's; `class_names`, a JSON list, where the posterior has them. The same posterior gives the same bytes.
///
/// # Errors
/// [`ModelError::Empty`] without members; [`ModelError::OneFile`] with members of several architectures; [`ModelError::Io`] when the file cannot be written:
/// nothing half-written is left.
pub fn write_posterior(path: &Path, posterior: &Posterior) -> Result<(), ModelError> {
    if posterior.members.is_empty() {
        return Err(ModelError::Empty);
    }
    let architecture = posterior.architecture().map_err(ModelError::OneFile)?;
    let mut tensors = BTreeMap::new();
    for (specs, part) in [(architecture.parameters(), parameters as Part), (architecture.buffers(), buffers)]
    {
        for (i, spec) in specs.into_iter().enumerate() {
            let members: Vec<Tensor> =
                posterior.members.iter().map(|m| part(m).tensors()[i].shallow_clone()).collect();
            tensors.insert(spec.name, Tensor::stack(&members, 0));
        }
    }
    let members = [
        ("chains", posterior.members.len().to_string()),
        ("prediction", posterior.prediction.to_string()),
        ("ensemble_gradient", posterior.ensemble_gradient.to_string()),
    ];
    let members = members.map(|(key, value)| (key.to_string(), value));
    let metadata: HashMap<String, String> =
        description::of(&**architecture, posterior.class_names.as_deref())
            .into_iter()
            .chain(members)
            .collect();
    TensorFile { metadata, tensors }.write(path)
}

/// Reads a posterior of `architecture`, or of the one that its metadata name.
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
    let TensorFile { metadata, mut tensors } = TensorFile::read(path)?;
    let architecture = description::network(path, &metadata, architecture)?;
    let parameters = architecture.parameters();
    let chains = chains(path, &metadata, &tensors, parameters.first().ok_or(ModelError::Empty)?)?;
    let weights = take(path, &mut tensors, &parameters, chains)?;
    let statistics = take(path, &mut tensors, &architecture.buffers(), chains)?;
    if let Some(tensor) = tensors.into_keys().next() {
        let problem = format!("is no weight of the architecture `{}`", architecture.name());
        return Err(ModelError::Tensor { path: path.into(), tensor, problem });
    }
    let member = |s: i64| Member {
        network: architecture.clone(),
        parameters: slice(&weights, s),
        buffers: slice(&statistics, s),
    };
    let prediction = parse(path, &metadata, "prediction")?.unwrap_or(Prediction::MeanProbability);
    let implied = match prediction {
        Prediction::MeanLogits => EnsembleGradient::MemberMean,
        Prediction::MeanProbability | Prediction::LastMember => EnsembleGradient::Predictive,
    };
    Ok(Posterior {
        members: (0..chains).map(member).collect(),
        prediction,
        ensemble_gradient: parse(path, &metadata, "ensemble_gradient")?.unwrap_or(implied),
        mixing: None,
        regime: None,
        laplace: None,
        class_names: description::class_names(path, &metadata, architecture.classes())?,
    })
}

type Part = fn(&Member) -> &Position;

fn parameters(member: &Member) -> &Position {
    &member.parameters
}

fn buffers(member: &Member) -> &Position {
    &member.buffers
}

/// The number of chains: the leading dimension of the weight `spec`; the metadata may repeat it.
fn chains(
    path: &Path,
    metadata: &HashMap<String, String>,
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
    let problem = |problem: String| ModelError::Metadata { path: path.into(), key: "chains", problem };
    let said = match metadata.get("chains") {
        Some(text) => text.parse().map_err(|_| problem(format!("is `{text}`, not a number")))?,
        None => found,
    };
    if said == found { Ok(found) } else { Err(problem(format!("is {said}, but `{name}` holds {found}"))) }
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
