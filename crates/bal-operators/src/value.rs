//! What operators take and give.

use tch::{Device, Tensor};

/// An argument of an operator, or a result.
#[derive(Debug)]
pub enum Value {
    /// A tensor.
    Tensor(Tensor),
    /// Tensors; `None` where the list may leave some out, as `aten::index` does.
    Tensors(Vec<Option<Tensor>>),
    /// Anything else.
    Constant(Constant),
}

/// A value without tensors, which threads may share.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// Nothing, where an argument is optional.
    None,
    /// An integer: also a symbolic one whose value is known, a type of elements, a memory format or a layout by its number.
    Int(i64),
    /// Integers.
    Ints(Vec<i64>),
    /// A number in double precision.
    Float(f64),
    /// Numbers in double precision.
    Floats(Vec<f64>),
    /// A truth value.
    Bool(bool),
    /// Truth values.
    Bools(Vec<bool>),
    /// Text, without a zero byte.
    Text(String),
    /// A device: the CPU or a GPU.
    Device(Device),
}

impl Value {
    /// The same value; tensors share their elements.
    #[must_use]
    pub fn shallow_clone(&self) -> Self {
        match self {
            Self::Tensor(tensor) => Self::Tensor(tensor.shallow_clone()),
            Self::Tensors(tensors) => {
                Self::Tensors(tensors.iter().map(|t| t.as_ref().map(Tensor::shallow_clone)).collect())
            }
            Self::Constant(constant) => Self::Constant(constant.clone()),
        }
    }
}

impl From<Constant> for Value {
    fn from(constant: Constant) -> Self {
        Self::Constant(constant)
    }
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(tensor)
    }
}
