//! Tensors of PyTorch as tensors of tch, and back: the same elements, the same graph.

use pyo3::{exceptions::PyTypeError, prelude::*};
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn bal_python_of_tensor(tensor: *const C_tensor) -> *mut pyo3::ffi::PyObject;
    fn bal_tensor_of_python(object: *mut pyo3::ffi::PyObject) -> *mut C_tensor;
}

/// The tensor as Python has it.
pub(crate) fn to_python<'py>(py: Python<'py>, tensor: &Tensor) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the tensor is valid, the interpreter is held, and a new reference or an exception comes back.
    unsafe { Bound::from_owned_ptr_or_err(py, bal_python_of_tensor(tensor.as_ptr())) }
}

/// The tensor that is a Python object.
///
/// # Errors
/// `TypeError` for what is no tensor.
pub(crate) fn of_python(object: &Bound<'_, PyAny>) -> PyResult<Tensor> {
    // SAFETY: the object is valid, and the interpreter is held.
    let tensor = unsafe { bal_tensor_of_python(object.as_ptr()) };
    if tensor.is_null() {
        let kind = object.get_type().name()?.to_string();
        return Err(PyTypeError::new_err(format!("expected a torch.Tensor, got {kind}")));
    }
    // SAFETY: a tensor on the heap that the call gave away.
    Ok(unsafe { Tensor::from_ptr(tensor) })
}
