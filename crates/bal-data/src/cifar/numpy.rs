//! Arrays of numpy in a pickle: the three names that make them, and what they are made of.
//!
//! ```text
//! array = numpy.core.multiarray._reconstruct(numpy.ndarray, (0,), text)
//! array's state = (version, shape, dtype, whether columns come first, bytes)
//! dtype = numpy.dtype(text, 0, 1), with a state of its own
//! ```
//!
//! Source: numpy's `ndarray.__reduce__` and `ndarray.__setstate__`.

use std::ops::Range;

use super::pickle::{Id, Pickle, Value};
use crate::DataError;

/// What a pickle may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callable {
    Reconstruct,
    Ndarray,
    Dtype,
}

/// The type of an array's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dtype {
    /// Bytes.
    U8,
    Other,
}

/// An array, empty until its state is set.
#[derive(Clone, Debug, Default)]
pub(super) struct Array {
    /// Rows and columns.
    pub(super) shape: [usize; 2],
    /// Where its `rows * columns` bytes are.
    pub(super) bytes: Range<usize>,
    /// Whether they go column by column.
    pub(super) columns_first: bool,
}

impl Callable {
    pub(super) fn named(module: &[u8], name: &[u8]) -> Option<Self> {
        match (module, name) {
            (b"numpy.core.multiarray", b"_reconstruct") => Some(Self::Reconstruct),
            (b"numpy", b"ndarray") => Some(Self::Ndarray),
            (b"numpy", b"dtype") => Some(Self::Dtype),
            _ => None,
        }
    }

    /// The value that Python would get by a call with these arguments.
    pub(super) fn make(self, pickle: &Pickle<'_>, arguments: Id) -> Result<Value, DataError> {
        let first = pickle.tuple(arguments).and_then(|items| items.first().copied());
        match (self, first) {
            (Self::Reconstruct, Some(kind))
                if matches!(pickle.value(kind), Value::Callable(Self::Ndarray)) =>
            {
                Ok(Value::Array(Array::default()))
            }
            (Self::Dtype, Some(kind)) => match pickle.text(kind) {
                Some(b"u1" | b"uint8" | b"B" | b"|u1") => Ok(Value::Dtype(Dtype::U8)),
                Some(_) => Ok(Value::Dtype(Dtype::Other)),
                None => Err(pickle.fault(arguments, "a type of numpy has no name")),
            },
            _ => Err(pickle.fault(arguments, "these are no arguments of numpy's arrays")),
        }
    }
}

impl Value {
    /// The value that Python would get of this one, `id`, by setting its state.
    pub(super) fn built(&self, pickle: &Pickle<'_>, id: Id, state: Id) -> Result<Self, DataError> {
        match self {
            // What follows a type's name says how its bytes are ordered, and a byte has no order.
            Self::Dtype(dtype) => Ok(Self::Dtype(*dtype)),
            Self::Array(_) => array(pickle, state).map(Self::Array),
            _ => Err(pickle.fault(id, "it sets the state of a value that has none")),
        }
    }
}

fn array(pickle: &Pickle<'_>, state: Id) -> Result<Array, DataError> {
    let fault = |reason: &str| pickle.fault(state, reason);
    let Some(&[_version, shape, dtype, columns_first, bytes]) = pickle.tuple(state) else {
        return Err(fault("the state of an array has five parts"));
    };
    let lengths = pickle.tuple(shape).unwrap_or_default().iter();
    let lengths: Option<Vec<usize>> =
        lengths.map(|&length| usize::try_from(pickle.integer(length)?).ok()).collect();
    let Some(&[rows, columns]) = lengths.as_deref() else {
        return Err(fault("an array has not two dimensions"));
    };
    if !matches!(pickle.value(dtype), Value::Dtype(Dtype::U8)) {
        return Err(fault("an array is not one of bytes"));
    }
    let Value::Truth(columns_first) = *pickle.value(columns_first) else {
        return Err(fault("an array does not say how its bytes are ordered"));
    };
    match pickle.value(bytes) {
        Value::Text(range) if rows.checked_mul(columns) == Some(range.len()) => {
            Ok(Array { shape: [rows, columns], bytes: range.clone(), columns_first })
        }
        _ => Err(fault("an array has not as many bytes as its shape says")),
    }
}
