//! Chains on any energy that Python computes.

use crate::{
    failure::{runtime, value},
    running::interruptible,
    tensor::{of_python, to_python},
};
use bal_core::{Kernel, NoiseKey, NoiseStream, Position, Purpose, State};
use bal_samplers::Sampler;
use pyo3::{prelude::*, types::PyDict};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tch::{Kind, Tensor};

/// What was kept of one chain.
#[derive(Default)]
struct Kept {
    /// Draw by draw, part by part.
    draws: Vec<Vec<Tensor>>,
    energies: Vec<f64>,
}

/// How long chains are.
#[derive(Clone, Copy)]
struct Length {
    steps: u64,
    burn_in: u64,
    thin: u64,
}

/// Moves chains from `start`, a list of tensors for each; see `bal.sample`.
#[pyfunction]
#[pyo3(signature = (energy, start, sampler, *, steps, burn_in, thin, seed, progress))]
#[expect(clippy::too_many_arguments, reason = "all are named by Python's side")]
pub(crate) fn sample<'py>(
    py: Python<'py>,
    energy: Py<PyAny>,
    start: Vec<Vec<Bound<'py, PyAny>>>,
    sampler: &str,
    steps: u64,
    burn_in: u64,
    thin: u64,
    seed: u64,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let sampler: Sampler = serde_json::from_str(sampler).map_err(value)?;
    let kernel = sampler.kernel().map_err(value)?;
    let length = Length { steps, burn_in, thin };
    if thin == 0 || steps <= burn_in {
        return Err(value("steps must exceed burn_in, and thin be at least 1"));
    }
    let mut states = Vec::new();
    for chain in &start {
        let tensors = chain.iter().map(|part| Ok(of_python(part)?.detach().copy()));
        let tensors = tensors.collect::<PyResult<Vec<Tensor>>>()?;
        if tensors.iter().any(|part| part.kind() != Kind::Float) {
            return Err(value("positions are in single precision; call .float()"));
        }
        states.push(kernel.start(Position::new(tensors)));
    }
    let stop = AtomicBool::new(false);
    let chains = states.into_iter().enumerate();
    let work = || -> PyResult<Vec<Kept>> {
        let mut done = 0;
        chains
            .map(|(chain, state)| {
                let shown = |step: u64| {
                    if let Some(progress) = &progress {
                        let _ = Python::attach(|py| progress.call1(py, (done + step,)));
                    }
                };
                let kept = moved(&energy, &kernel, state, length, (seed, chain as u64), &stop, &shown)?;
                done += steps;
                Ok(kept)
            })
            .collect()
    };
    let kept = interruptible(py, &stop, work)??;
    let result = PyDict::new(py);
    let parts = start.first().map_or(0, Vec::len);
    let draws = (0..parts).map(|part| {
        let of_chain = |kept: &Kept| {
            let draws: Vec<&Tensor> = kept.draws.iter().map(|draw| &draw[part]).collect();
            Tensor::f_stack(&draws, 0)
        };
        let chains = kept.iter().map(of_chain).collect::<Result<Vec<Tensor>, _>>().map_err(runtime)?;
        to_python(py, &Tensor::f_stack(&chains, 0).map_err(runtime)?)
    });
    result.set_item("draws", draws.collect::<PyResult<Vec<_>>>()?)?;
    let energies = kept.iter().map(|kept| Tensor::from_slice(&kept.energies));
    let energies = Tensor::f_stack(&energies.collect::<Vec<_>>(), 0).map_err(runtime)?;
    result.set_item("energies", to_python(py, &energies)?)?;
    Ok(result)
}

/// Moves one chain by all its steps.
fn moved(
    energy: &Py<PyAny>,
    kernel: &Arc<dyn Kernel>,
    mut state: State,
    length: Length,
    (seed, chain): (u64, u64),
    stop: &AtomicBool,
    shown: &dyn Fn(u64),
) -> PyResult<Kept> {
    let mut kept = Kept::default();
    for step in 0..length.steps {
        if stop.load(Ordering::Relaxed) {
            return Err(runtime("the work was interrupted"));
        }
        let (value, gradient) = gradient(energy, &state.position)?;
        if !value.is_finite() {
            return Err(runtime(format!(
                "the energy of chain {chain} is {value} before step {}; try a smaller step size",
                step + 1
            )));
        }
        let mut noise = NoiseStream::new(NoiseKey { seed, purpose: Purpose::Parameters, sweep: step, chain });
        kernel.step(&mut state, &gradient, &mut noise).map_err(|e| runtime(format!("chain {chain}: {e}")))?;
        if step >= length.burn_in && (step - length.burn_in) % length.thin == length.thin - 1 {
            kept.draws.push(state.position.tensors().iter().map(Tensor::copy).collect());
            kept.energies.push(value);
        }
        if step % 64 == 63 || step + 1 == length.steps {
            shown(step + 1);
        }
    }
    Ok(kept)
}

/// The energy and its gradient. Autograd runs with the interpreter free, as it demands.
fn gradient(energy: &Py<PyAny>, at: &Position) -> PyResult<(f64, Position)> {
    let leaves: Vec<Tensor> = at.tensors().iter().map(|part| part.detach().set_requires_grad(true)).collect();
    let total = Python::attach(|py| {
        let arguments = leaves.iter().map(|leaf| to_python(py, leaf)).collect::<PyResult<Vec<_>>>()?;
        let arguments = pyo3::types::PyTuple::new(py, arguments)?;
        of_python(&energy.bind(py).call1(arguments)?)
    })?;
    if total.numel() != 1 {
        return Err(value(format!("an energy is one number, not a tensor of shape {:?}", total.size())));
    }
    let number =
        total.f_double_value(&[]).or_else(|_| total.f_reshape([])?.f_double_value(&[])).map_err(runtime)?;
    Ok((number, Position::new(bal_core::gradients(&total.f_reshape([]).map_err(runtime)?, &leaves))))
}
