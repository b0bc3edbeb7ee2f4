//! A posterior that `bal train` wrote.

use crate::{
    failure::value,
    tensor::{of_python, to_python},
};
use bal_core::Classifier;
use bal_models::{Ensemble, read_posterior};
use pyo3::prelude::*;
use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use tch::{Device, Tensor};

/// Samples of a network's weights, which predict together.
#[pyclass(module = "bal", frozen)]
pub(crate) struct Posterior {
    ensemble: Mutex<Ensemble>,
    #[pyo3(get)]
    classes: i64,
    #[pyo3(get)]
    architecture: String,
    #[pyo3(get)]
    prediction: String,
    #[pyo3(get)]
    pub(crate) ensemble_gradient: String,
    size: usize,
}

impl Posterior {
    pub(crate) fn classifier(&self) -> Box<dyn Classifier> {
        self.ensemble.lock().unwrap_or_else(PoisonError::into_inner).replicate()
    }

    /// Applies `of` with the interpreter free.
    fn apply<'py>(
        &self,
        x: &Bound<'py, PyAny>,
        of: fn(&dyn Classifier, &Tensor) -> Result<Tensor, bal_core::ClassifierError>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, x, classifier) = (x.py(), of_python(x)?, self.classifier());
        let result = py.detach(move || of(&*classifier, &x));
        to_python(py, &result.map_err(value)?)
    }
}

#[pymethods]
impl Posterior {
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        let posterior = read_posterior(&path, None).map_err(value)?;
        let ensemble = Ensemble::new(&posterior, Device::Cpu).map_err(value)?;
        let architecture = posterior.network_names();
        Ok(Self {
            classes: ensemble.classes(),
            architecture,
            prediction: posterior.prediction.to_string(),
            ensemble_gradient: posterior.ensemble_gradient.to_string(),
            size: posterior.members.len(),
            ensemble: Mutex::new(ensemble),
        })
    }

    fn __call__<'py>(&self, x: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.apply(&x, |classifier, x| classifier.logits(x))
    }

    fn members<'py>(&self, x: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.apply(&x, |classifier, x| classifier.member_logits(x))
    }

    fn __len__(&self) -> usize {
        self.size
    }

    fn __repr__(&self) -> String {
        format!("Posterior({}, {} members, {} classes)", self.architecture, self.size, self.classes)
    }
}
