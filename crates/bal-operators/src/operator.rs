//! An operator, found by its name and called.

use crate::{Constant, MESSAGE, Value, said};
use std::{
    ffi::{CString, c_char, c_int},
    fmt,
    ptr::{self, NonNull},
};
use tch::{Device, Tensor};
use thiserror::Error;
use torch_sys::C_tensor;

#[repr(C)]
struct Handle {
    _private: [u8; 0],
}

#[repr(C)]
struct RawCall {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn bal_operator_find(
        name: *const c_char,
        overload: *const c_char,
        message: *mut c_char,
        capacity: usize,
    ) -> *mut Handle;
    fn bal_operator_free(handle: *mut Handle);
    fn bal_operator_argument(handle: *const Handle, name: *const c_char) -> i64;
    fn bal_operator_arguments(handle: *const Handle) -> usize;
    fn bal_operator_writes(handle: *const Handle, place: usize) -> bool;
    fn bal_call_new(handle: *const Handle) -> *mut RawCall;
    fn bal_call_free(call: *mut RawCall);
    fn bal_call_none(call: *mut RawCall, place: usize);
    fn bal_call_tensor(call: *mut RawCall, place: usize, value: *const C_tensor);
    fn bal_call_tensors(call: *mut RawCall, place: usize, values: *const *const C_tensor, count: usize);
    fn bal_call_int(call: *mut RawCall, place: usize, value: i64);
    fn bal_call_ints(call: *mut RawCall, place: usize, values: *const i64, count: usize);
    fn bal_call_float(call: *mut RawCall, place: usize, value: f64);
    fn bal_call_floats(call: *mut RawCall, place: usize, values: *const f64, count: usize);
    fn bal_call_bool(call: *mut RawCall, place: usize, value: bool);
    fn bal_call_bools(call: *mut RawCall, place: usize, values: *const bool, count: usize);
    fn bal_call_text(call: *mut RawCall, place: usize, value: *const c_char);
    fn bal_call_device(call: *mut RawCall, place: usize, number: c_int);
    fn bal_call_run(call: *mut RawCall, message: *mut c_char, capacity: usize) -> bool;
    fn bal_call_results(call: *const RawCall) -> usize;
    fn bal_call_kind(call: *const RawCall, place: usize) -> c_int;
    fn bal_call_result_tensor(call: *const RawCall, place: usize) -> *mut C_tensor;
    fn bal_call_result_length(call: *const RawCall, place: usize) -> usize;
    fn bal_call_result_tensor_at(call: *const RawCall, place: usize, item: usize) -> *mut C_tensor;
    fn bal_call_result_int_at(call: *const RawCall, place: usize, item: usize) -> i64;
    fn bal_call_result_int(call: *const RawCall, place: usize, value: *mut i64) -> bool;
    fn bal_call_result_float(call: *const RawCall, place: usize) -> f64;
    fn bal_call_result_bool(call: *const RawCall, place: usize) -> bool;
}

/// Why an operator was not found, or did not go through.
#[derive(Debug, Error)]
pub enum OperatorError {
    /// There is none of this name in this `LibTorch`.
    #[error("this LibTorch has no operator {name}: {reason}")]
    Unknown {
        /// Its name, with its overload.
        name: String,
        /// What `LibTorch` says.
        reason: String,
    },
    /// The operator has no such argument.
    #[error("{name} has no argument `{argument}`")]
    Argument {
        /// The operator.
        name: String,
        /// The argument.
        argument: String,
    },
    /// The operator refused its arguments.
    #[error("{name}: {reason}")]
    Failed {
        /// The operator.
        name: String,
        /// What `LibTorch` says.
        reason: String,
    },
}

/// An operator of `LibTorch`.
pub struct Operator {
    handle: NonNull<Handle>,
    name: String,
}

// SAFETY: a handle names an entry of the dispatcher's table, which `LibTorch` may be asked about from any thread.
unsafe impl Send for Operator {}
// SAFETY: nothing changes it after it was found.
unsafe impl Sync for Operator {}

impl Operator {
    /// The operator `name`, as `aten::conv2d`, in its form `overload`, which is empty for most.
    ///
    /// # Errors
    /// [`OperatorError::Unknown`].
    pub fn find(name: &str, overload: &str) -> Result<Self, OperatorError> {
        let whole = if overload.is_empty() { name.to_owned() } else { format!("{name}.{overload}") };
        let unknown = |reason: String| OperatorError::Unknown { name: whole.clone(), reason };
        let text = |text: &str| CString::new(text).map_err(|_| unknown("a name has no zero byte".into()));
        let (raw_name, raw_overload) = (text(name)?, text(overload)?);
        let mut message = [0_u8; MESSAGE];
        // SAFETY: both texts end in zero and outlive the call; the message has the room that is announced.
        let found = unsafe {
            bal_operator_find(raw_name.as_ptr(), raw_overload.as_ptr(), message.as_mut_ptr().cast(), MESSAGE)
        };
        match NonNull::new(found) {
            Some(handle) => Ok(Self { handle, name: whole }),
            None => Err(unknown(said(&message))),
        }
    }

    /// Its name, with its overload.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of its arguments.
    pub fn arguments(&self) -> usize {
        // SAFETY: the handle is valid as long as `self`.
        unsafe { bal_operator_arguments(self.handle.as_ptr()) }
    }

    /// Whether it writes to the tensor that is its argument `name`.
    pub fn writes(&self, name: &str) -> bool {
        // SAFETY: as above; the place is one of the operator's.
        self.place(name).is_some_and(|place| unsafe { bal_operator_writes(self.handle.as_ptr(), place) })
    }

    fn place(&self, name: &str) -> Option<usize> {
        let name = CString::new(name).ok()?;
        // SAFETY: the text ends in zero and outlives the call.
        usize::try_from(unsafe { bal_operator_argument(self.handle.as_ptr(), name.as_ptr()) }).ok()
    }

    /// Calls it with arguments by their names; those that are left out have their defaults.
    ///
    /// Integers may stand where numbers with a point are wanted, numbers where tensors are, and one integer for as many as there
    /// are dimensions.
    ///
    /// # Errors
    /// [`OperatorError::Argument`]; [`OperatorError::Failed`] for arguments of other types, those that are missing, and for
    /// whatever `LibTorch` refuses.
    pub fn call(&self, arguments: &[(&str, Value)]) -> Result<Vec<Value>, OperatorError> {
        let failed = |reason: String| OperatorError::Failed { name: self.name.clone(), reason };
        let call = Call::of(self);
        for (name, value) in arguments {
            let place = self.place(name).ok_or_else(|| OperatorError::Argument {
                name: self.name.clone(),
                argument: (*name).to_owned(),
            })?;
            call.put(place, value).map_err(failed)?;
        }
        call.run().map_err(failed)
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        // SAFETY: it was made by `bal_operator_find`, and nothing else frees it.
        unsafe { bal_operator_free(self.handle.as_ptr()) }
    }
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operator").field(&self.name).finish()
    }
}

/// A call that is put together.
struct Call(*mut RawCall);

impl Call {
    fn of(operator: &Operator) -> Self {
        // SAFETY: the handle is valid, and copied.
        Self(unsafe { bal_call_new(operator.handle.as_ptr()) })
    }

    /// `place` is one of the operator's.
    fn put(&self, place: usize, value: &Value) -> Result<(), String> {
        let pointer = |tensor: &Option<Tensor>| tensor.as_ref().map_or(ptr::null(), Tensor::as_ptr);
        // SAFETY: the call is valid as long as `self`, the place is one of its arguments, and what is pointed to outlives the
        // call, which copies it.
        unsafe {
            match value {
                Value::Tensor(tensor) => bal_call_tensor(self.0, place, tensor.as_ptr()),
                Value::Tensors(tensors) => {
                    let pointers: Vec<*const C_tensor> = tensors.iter().map(pointer).collect();
                    bal_call_tensors(self.0, place, pointers.as_ptr(), pointers.len());
                }
                Value::Constant(constant) => match constant {
                    Constant::None => bal_call_none(self.0, place),
                    Constant::Int(number) => bal_call_int(self.0, place, *number),
                    Constant::Ints(numbers) => {
                        bal_call_ints(self.0, place, numbers.as_ptr(), numbers.len());
                    }
                    Constant::Float(number) => bal_call_float(self.0, place, *number),
                    Constant::Floats(numbers) => {
                        bal_call_floats(self.0, place, numbers.as_ptr(), numbers.len());
                    }
                    Constant::Bool(truth) => bal_call_bool(self.0, place, *truth),
                    Constant::Bools(truths) => bal_call_bools(self.0, place, truths.as_ptr(), truths.len()),
                    Constant::Text(text) => {
                        let text =
                            CString::new(text.as_str()).map_err(|_| "text has a zero byte".to_owned())?;
                        bal_call_text(self.0, place, text.as_ptr());
                    }
                    Constant::Device(Device::Cpu) => bal_call_device(self.0, place, -1),
                    Constant::Device(Device::Cuda(number)) => {
                        let number =
                            c_int::try_from(*number).map_err(|_| "there is no such GPU".to_owned())?;
                        bal_call_device(self.0, place, number);
                    }
                    Constant::Device(other) => {
                        return Err(format!("{other:?} is neither the CPU nor a GPU"));
                    }
                },
            }
        }
        Ok(())
    }

    fn run(&self) -> Result<Vec<Value>, String> {
        let mut message = [0_u8; MESSAGE];
        // SAFETY: the message has the room that is announced.
        if !unsafe { bal_call_run(self.0, message.as_mut_ptr().cast(), MESSAGE) } {
            return Err(said(&message));
        }
        // SAFETY: the call is valid.
        let count = unsafe { bal_call_results(self.0) };
        (0..count).map(|place| self.result(place)).collect()
    }

    fn result(&self, place: usize) -> Result<Value, String> {
        // A tensor on the heap that the call gives away, or none.
        let taken = |tensor: *mut C_tensor| {
            // SAFETY: from here on tch owns it.
            (!tensor.is_null()).then(|| unsafe { Tensor::from_ptr(tensor) })
        };
        // SAFETY: the place is one of the results', of the kind that was asked for first; items are counted before.
        unsafe {
            let items = || 0..bal_call_result_length(self.0, place);
            let constant = match bal_call_kind(self.0, place) {
                0 => Constant::None,
                1 => {
                    let tensor = taken(bal_call_result_tensor(self.0, place));
                    return Ok(tensor.map_or(Constant::None.into(), Value::Tensor));
                }
                2 => {
                    let tensors = items().map(|item| taken(bal_call_result_tensor_at(self.0, place, item)));
                    return Ok(Value::Tensors(tensors.collect()));
                }
                3 => {
                    let mut number = 0;
                    if !bal_call_result_int(self.0, place, &raw mut number) {
                        return Err("gives an integer that is not known".into());
                    }
                    Constant::Int(number)
                }
                4 => {
                    Constant::Ints(items().map(|item| bal_call_result_int_at(self.0, place, item)).collect())
                }
                5 => Constant::Float(bal_call_result_float(self.0, place)),
                7 => Constant::Bool(bal_call_result_bool(self.0, place)),
                _ => return Err("gives something other than tensors and numbers".into()),
            };
            Ok(constant.into())
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // SAFETY: it was made by `bal_call_new`, and nothing else frees it.
        unsafe { bal_call_free(self.0) }
    }
}
