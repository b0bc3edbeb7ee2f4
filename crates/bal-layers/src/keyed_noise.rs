//! Normal numbers that a device draws by key.

use crate::{MESSAGE, said};
use std::ffi::c_char;
use tch::{Kind, Tensor};
use torch_sys::C_tensor;

unsafe extern "C" {
    fn bal_keyed_normal(
        out: *mut C_tensor,
        keys: *const C_tensor,
        message: *mut c_char,
        capacity: usize,
    ) -> bool;
}

/// A `LibTorch` or a device that does not draw by key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("LibTorch draws no numbers by key here: {0}")]
pub struct KeyedNoiseError(String);

/// Fills the rows of `out`, `[n, ..]` in single precision, with standard normal numbers by `LibTorch`'s `_philox_normal_`: row i
/// with those of the key `keys[i, 0]` from its block `keys[i, 1]`, both unsigned integers by their bits.
///
/// CUDA only; `LibTorch` calls the operator experimental, and before 2.12 has none. Compare what it gives with a reference before
/// relying on it.
///
/// # Errors
/// [`KeyedNoiseError`], also for keys that are not `[n, 2]` of 64 bits.
pub fn keyed_normal(out: &mut Tensor, keys: &Tensor) -> Result<(), KeyedNoiseError> {
    let rows = out.size().first().copied().unwrap_or(0);
    if keys.size() != [rows, 2] || keys.kind() != Kind::Int64 || out.kind() != Kind::Float {
        let (keys, kind) = (keys.size(), out.kind());
        return Err(KeyedNoiseError(format!("keys of shape {keys:?} for {rows} rows of {kind:?}")));
    }
    let mut message = [0_u8; MESSAGE];
    // SAFETY: both tensors outlive the call, and the message has room for as many bytes as is said.
    let drawn = unsafe {
        bal_keyed_normal(out.as_mut_ptr(), keys.as_ptr(), message.as_mut_ptr().cast(), message.len())
    };
    if drawn { Ok(()) } else { Err(KeyedNoiseError(said(&message))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn a_cpu_draws_none_and_says_so() {
        let keys = Tensor::zeros([3, 2], (Kind::Int64, Device::Cpu));
        let mut out = Tensor::zeros([3, 1, 2, 2], (Kind::Float, Device::Cpu));
        let error = keyed_normal(&mut out, &keys).unwrap_err().to_string();
        assert!(error.contains("philox") && error.contains("CPU"), "{error}");
        let error = keyed_normal(&mut out, &keys.get(0)).unwrap_err().to_string();
        assert!(error.contains("[2] for 3 rows"), "{error}");
    }
}
