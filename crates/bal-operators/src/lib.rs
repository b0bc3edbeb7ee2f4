//! `LibTorch`'s operators by their names, and the archives that `PyTorch` writes.
//!
//! An [`Operator`] is what `torch.ops.aten.NAME` is in Python. It is called through the dispatcher, so autograd sees it. An
//! [`Archive`] is a zip file, read by `PyTorch`'s own reader.
//!
//! In C++, because tch has a function for each operator and none for an operator by name.

#![doc = include_str!("../README.md")]
#![expect(unsafe_code, reason = "calls C++, as every use of LibTorch does")]

mod archive;
mod operator;
mod value;

pub use archive::Archive;
pub use operator::{Operator, OperatorError};
use std::ffi::CStr;
pub use value::{Constant, Value};

/// Room for what `LibTorch` says of a fault.
const MESSAGE: usize = 2048;

/// What a call wrote into its room for a message.
fn said(message: &[u8]) -> String {
    CStr::from_bytes_until_nul(message).unwrap_or_default().to_string_lossy().into_owned()
}
