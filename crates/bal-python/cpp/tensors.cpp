// The same tensor as an object of Python and of Rust: no element is copied.

#include <torch/csrc/autograd/python_variable.h>

extern "C" {

// A new reference, or null with an exception set. The interpreter must be held.
PyObject* bal_python_of_tensor(const at::Tensor* tensor) {
  try {
    return THPVariable_Wrap(*tensor);
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

// A tensor on the heap, or null for an object that is none.
at::Tensor* bal_tensor_of_python(PyObject* object) {
  if (THPVariableClass == nullptr || !THPVariable_Check(object)) return nullptr;
  return new at::Tensor(THPVariable_Unpack(object));
}

}  // extern "C"
