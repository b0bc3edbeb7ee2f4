//! Models as attacks see them: a callable of Python, or a posterior.

use crate::tensor::{of_python, to_python};
use bal_core::{Classifier, ClassifierError, Prediction};
use pyo3::prelude::*;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use tch::{TchError, Tensor};

/// What replicas of a model have in common.
#[derive(Default)]
pub(crate) struct Watch {
    /// Whether the work is to end.
    pub(crate) stop: AtomicBool,
    /// The first exception that the model raised.
    raised: Mutex<Option<PyErr>>,
}

impl Watch {
    /// The exception that the model raised, if it did.
    pub(crate) fn raised(&self) -> Option<PyErr> {
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, exception: PyErr) -> String {
        let text = exception.to_string();
        self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(exception);
        text
    }
}

fn refused(x: &Tensor, reason: impl Into<String>) -> ClassifierError {
    ClassifierError::Refused { shape: x.size(), source: TchError::Torch(reason.into()) }
}

/// A Python callable that gives logits.
pub(crate) struct Callable {
    pub(crate) model: Arc<Py<PyAny>>,
    pub(crate) classes: i64,
    pub(crate) prediction: Prediction,
    /// Whether it gives those of several members, `[S, n, classes]`, and not `[n, classes]`.
    pub(crate) members: bool,
    pub(crate) watch: Arc<Watch>,
}

impl Classifier for Callable {
    fn classes(&self) -> i64 {
        self.classes
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        if self.watch.stop.load(Ordering::Relaxed) {
            return Err(refused(x, "the work was interrupted"));
        }
        // Modules may ask for views, and images of attacks have their channels innermost.
        let x = x.contiguous();
        let called = Python::attach(|py| of_python(&self.model.bind(py).call1((to_python(py, &x)?,))?));
        let logits = called.map_err(|exception| refused(&x, self.watch.keep(exception)))?;
        let logits = if self.members {
            logits
        } else {
            logits.f_unsqueeze(0).map_err(|e| refused(&x, e.to_string()))?
        };
        let expected = [x.size()[0], self.classes];
        if logits.dim() != 3 || logits.size()[1..] != expected {
            let found = if self.members { logits.size() } else { logits.size()[1..].to_vec() };
            let reason = format!(
                "the model gives logits of shape {found:?} where {expected:?} is wanted for each member"
            );
            return Err(refused(&x, reason));
        }
        Ok(logits)
    }

    fn prediction(&self) -> Prediction {
        self.prediction
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        let Self { model, classes, prediction, members, watch } = self;
        Box::new(Self {
            model: model.clone(),
            classes: *classes,
            prediction: *prediction,
            members: *members,
            watch: watch.clone(),
        })
    }
}

/// A model of Rust that ends when it is told to.
pub(crate) struct Watched {
    pub(crate) model: Box<dyn Classifier>,
    pub(crate) watch: Arc<Watch>,
}

impl Classifier for Watched {
    fn classes(&self) -> i64 {
        self.model.classes()
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        if self.watch.stop.load(Ordering::Relaxed) {
            return Err(refused(x, "the work was interrupted"));
        }
        self.model.member_logits(x)
    }

    fn prediction(&self) -> Prediction {
        self.model.prediction()
    }

    fn loss_kind(&self) -> tch::Kind {
        self.model.loss_kind()
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self { model: self.model.replicate(), watch: self.watch.clone() })
    }
}
