//! Whether chains have met, and what their draws are worth.

use crate::failure::value;
use bal_diagnostics::{Draws, bulk_ess, tail_ess};
use pyo3::prelude::*;

fn draws(chains: Vec<Vec<f64>>) -> PyResult<Draws> {
    Draws::new(chains).map_err(value)
}

/// Rank-normalised split R-hat.
#[pyfunction]
pub(crate) fn r_hat(chains: Vec<Vec<f64>>) -> PyResult<f64> {
    Ok(bal_diagnostics::r_hat(&draws(chains)?))
}

/// Bulk effective sample size.
#[pyfunction]
pub(crate) fn ess_bulk(chains: Vec<Vec<f64>>) -> PyResult<f64> {
    Ok(bulk_ess(&draws(chains)?))
}

/// Tail effective sample size.
#[pyfunction]
pub(crate) fn ess_tail(chains: Vec<Vec<f64>>) -> PyResult<f64> {
    Ok(tail_ess(&draws(chains)?))
}
