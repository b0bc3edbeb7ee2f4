//! Attacks on a model, and what is left of its accuracy.

use crate::{
    failure::{of_evaluation, runtime, value},
    model::{Callable, Watch, Watched},
    posterior::Posterior,
    running::interruptible,
    tensor::{of_python, to_python},
};
use bal::{Partial, Session};
use bal_attacks::{
    AttackName, Evaluated, EvaluationError, Protocol, Radii, Settings, Shard, ShardStore, StoreError,
    evaluate_with_store,
};
use bal_core::{Classifier, EnsembleGradient, Images, Prediction, Workers};
use pyo3::{prelude::*, types::PyDict};
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};
use tch::{Kind, Tensor};

/// The names of all attacks.
#[pyfunction]
pub(crate) fn attack_names() -> Vec<&'static str> {
    AttackName::ALL.map(AttackName::name).into()
}

/// The settings of an attack as JSON, the usual ones where `said`, a JSON object, says nothing.
#[pyfunction]
pub(crate) fn attack_settings(name: &str, said: &str) -> PyResult<String> {
    let said: Settings = serde_json::from_str(said).map_err(value)?;
    let spec = attack_name(name)?.with(&said).map_err(value)?;
    spec.build().map_err(value)?;
    serde_json::to_string(&spec.settings()).map_err(runtime)
}

fn attack_name(name: &str) -> PyResult<AttackName> {
    name.parse().map_err(|error| value(error))
}

/// Keeps the images that are made, and what is found in a folder, if there is one; ends when told to.
struct Store {
    images: bool,
    partial: Option<Partial>,
    watch: Arc<Watch>,
}

impl Store {
    fn new(images: bool, resume: Option<(PathBuf, String)>, watch: &Arc<Watch>) -> PyResult<Self> {
        let partial = resume.map(|(folder, identity)| -> bal::Result<Partial> {
            let mut identity: Value = serde_json::from_str(&identity)?;
            identity["versions"] = serde_json::to_value(bal::versions())?;
            Partial::in_folder(&folder, identity, images, &Session::with_threads(1)?)
        });
        let partial = partial.transpose().map_err(|error| value(format!("{error:#}")))?;
        Ok(Self { images, partial, watch: watch.clone() })
    }
}

impl ShardStore for Store {
    fn images(&self) -> bool {
        self.images
    }

    fn read(&self, number: usize) -> Result<Option<Shard>, StoreError> {
        self.partial.as_ref().map_or(Ok(None), |partial| partial.read(number))
    }

    fn write(&self, number: usize, shard: &Shard) -> Result<(), StoreError> {
        if let Some(partial) = &self.partial {
            partial.write(number, shard)?;
        }
        if self.watch.stop.load(Ordering::Relaxed) { Err("the work was interrupted".into()) } else { Ok(()) }
    }
}

/// Attacks `x`, `[n, c, h, w]`, whose classes are `y`, at each of the radii; see `bal.evaluate`.
#[pyfunction]
#[pyo3(signature = (model, x, y, attack, settings, radii, *, classes, members, prediction, threads, seed, keep, resume, progress))]
#[expect(clippy::too_many_arguments, reason = "all are named by Python's side")]
pub(crate) fn evaluate<'py>(
    py: Python<'py>,
    model: Bound<'py, PyAny>,
    x: Bound<'py, PyAny>,
    y: Bound<'py, PyAny>,
    attack: &str,
    settings: &str,
    radii: Option<Vec<f64>>,
    classes: i64,
    members: bool,
    prediction: &str,
    threads: usize,
    seed: u64,
    keep: bool,
    resume: Option<(PathBuf, String)>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let (x, y) = (of_python(&x)?.detach(), of_python(&y)?.detach());
    let device = x.device();
    let images = Images::new(x, &y, device).map_err(value)?;
    let watch = Arc::new(Watch::default());
    let (model, gradient): (Box<dyn Classifier>, _) = match model.cast::<Posterior>() {
        Ok(posterior) => {
            let gradient: EnsembleGradient = posterior.get().ensemble_gradient.parse().map_err(value)?;
            (Box::new(Watched { model: posterior.get().classifier(), watch: watch.clone() }), gradient)
        }
        Err(_) => {
            let prediction: Prediction = prediction.parse().map_err(value)?;
            let model = Arc::new(model.clone().unbind());
            let callable = Callable { model, classes, prediction, members, watch: watch.clone() };
            (Box::new(callable), EnsembleGradient::Predictive)
        }
    };
    let said: Settings = serde_json::from_str(settings).map_err(value)?;
    let spec = attack_name(attack)?.with(&said).map_err(value)?;
    // Unless told otherwise an attack follows what the weights say.
    let says_gradient = said.names().any(|name| name == "ensemble_gradient");
    let spec = match spec.ensemble_gradient() {
        Some(_) if !says_gradient => spec.following(gradient).map_err(value)?,
        _ => spec,
    };
    let built = spec.build().map_err(value)?;
    let radii = radii.map(|radii| Radii::new(radii).map_err(value)).transpose()?;
    let shown = |done: usize| {
        if let Some(progress) = &progress {
            // A bar that fails is no reason to lose the work.
            let _ = Python::attach(|py| progress.call1(py, (done,)));
        }
    };
    let watch_of_work = watch.clone();
    let work = move || -> PyResult<Evaluated> {
        let workers = Workers::new(threads).map_err(value)?;
        let store = Store::new(keep, resume, &watch_of_work)?;
        let protocol = Protocol { attack: &built, radii: radii.as_ref(), limit: None, seed };
        let found =
            evaluate_with_store(&*model, &images, &protocol, &workers, &store, &|state| shown(state.images));
        found.map_err(|error: EvaluationError| of_evaluation(&error))
    };
    let found = interruptible(py, &watch.stop, work)?;
    let Evaluated { curve, x, witness } = found.map_err(|error| watch.raised().unwrap_or(error))?;
    let result = PyDict::new(py);
    let n = curve.images() as i64;
    let rows = |values: Vec<i64>| -> PyResult<Tensor> {
        Tensor::from_slice(&values).f_reshape([-1, n]).map_err(runtime)
    };
    let lengths = |of: fn(&bal_attacks::Outcome) -> &Vec<f64>| -> PyResult<Tensor> {
        let values: Vec<f64> = curve.outcomes.iter().flat_map(of).copied().collect();
        Tensor::from_slice(&values).f_reshape([-1, n]).map_err(runtime)
    };
    let correct: Vec<i64> = curve.correct.iter().flatten().map(|&right| i64::from(right)).collect();
    let predicted: Vec<i64> = curve.outcomes.iter().flat_map(|outcome| &outcome.predicted).copied().collect();
    let names: Vec<Vec<Option<&str>>> = curve
        .outcomes
        .iter()
        .map(|outcome| {
            let name = |part: &Option<usize>| part.and_then(|part| curve.parts.get(part)).map(String::as_str);
            outcome.broken_by.iter().map(name).collect()
        })
        .collect();
    result.set_item("attack", &curve.attack)?;
    result.set_item("radii", curve.radii.clone())?;
    result.set_item("accuracy", curve.accuracy())?;
    result.set_item("correct", to_python(py, &rows(correct)?.to_kind(Kind::Bool))?)?;
    result.set_item("predicted", to_python(py, &rows(predicted)?)?)?;
    result.set_item("clean", to_python(py, &Tensor::from_slice(&curve.clean))?)?;
    result.set_item("broken_by", names)?;
    result.set_item("l2", to_python(py, &lengths(|outcome| &outcome.l2)?)?)?;
    result.set_item("linf", to_python(py, &lengths(|outcome| &outcome.linf)?)?)?;
    let distances = curve.distances.as_ref().map(|distances| {
        let known: Vec<f64> = distances.iter().map(|distance| distance.unwrap_or(f64::INFINITY)).collect();
        to_python(py, &Tensor::from_slice(&known))
    });
    result.set_item("distances", distances.transpose()?)?;
    let zero: Vec<(String, Option<f64>)> =
        curve.parts.iter().cloned().zip(curve.gradients.iter().map(|part| part.share_zero())).collect();
    result.set_item("zero_gradients", zero)?;
    let tensor = |tensor: Option<Tensor>| tensor.map(|tensor| to_python(py, &tensor)).transpose();
    result.set_item("x", tensor(x)?)?;
    result.set_item("witness", tensor(witness)?)?;
    Ok(result)
}
