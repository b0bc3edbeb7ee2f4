//! What goes wrong, as an exception of Python.

use bal_attacks::{AttackError, EvaluationError};
use pyo3::{
    PyErr,
    exceptions::{PyRuntimeError, PyValueError},
};
use std::fmt::Display;

/// `ValueError`: what was asked for cannot be.
pub(crate) fn value(error: impl Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// `RuntimeError`: it went wrong on the way.
pub(crate) fn runtime(error: impl Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}

/// Settings and radii that cannot be are the caller's, all else came on the way.
pub(crate) fn of_evaluation(error: &EvaluationError) -> PyErr {
    if is_of_settings(error) { value(error) } else { runtime(error) }
}

fn is_of_settings(error: &EvaluationError) -> bool {
    match error {
        EvaluationError::Attack(AttackError::Setting(_)) => true,
        EvaluationError::During { source, .. } => is_of_settings(source),
        _ => false,
    }
}
