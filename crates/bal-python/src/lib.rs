//! The compiled part of the Python package `bal`.

mod diagnostics;
mod evaluation;
mod failure;
mod model;
mod posterior;
mod running;
mod sampling;
mod tensor;

use pyo3::prelude::*;

/// The PyTorch that this was compiled for.
const TORCH: &str = "2.13.0";

#[pymodule]
fn _bal(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("TORCH", TORCH)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<posterior::Posterior>()?;
    module.add_function(wrap_pyfunction!(evaluation::attack_names, module)?)?;
    module.add_function(wrap_pyfunction!(evaluation::attack_settings, module)?)?;
    module.add_function(wrap_pyfunction!(evaluation::evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(sampling::sample, module)?)?;
    module.add_function(wrap_pyfunction!(diagnostics::r_hat, module)?)?;
    module.add_function(wrap_pyfunction!(diagnostics::ess_bulk, module)?)?;
    module.add_function(wrap_pyfunction!(diagnostics::ess_tail, module)?)?;
    Ok(())
}
