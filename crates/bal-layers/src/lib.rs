//! Layers of convolutional networks, fused into one node of `LibTorch`'s autograd each.
//!
//! A convolution that is followed by 2x2 pooling has a gradient at no more than a quarter of its
//! outputs, and with a `ReLU` at fewer; composed of operators, its backward pass
//! multiplies zeros. Pooling and `ReLU` pass over the largest feature maps several times besides.
//! Here each way is one node that keeps where the maxima were. Values and gradients are those of the
//! composed operators: exactly for [`pool_relu`], otherwise up to the rounding of sums.
//!
//! In C++, because an autograd node of one's own is a C++ class; `cpp/kernels.h` says how memory is laid out.
//! Kernels run on the calling thread.

#![doc = include_str!("../README.md")]
#![expect(unsafe_code, reason = "calls C++, as every use of LibTorch does")]

use std::ffi::{CStr, c_char};
use tch::Tensor;
use torch_sys::C_tensor;

unsafe extern "C" {
    fn bal_pool_relu(x: *const C_tensor, message: *mut c_char, capacity: usize) -> *mut C_tensor;
    fn bal_conv_pool_relu(
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        message: *mut c_char,
        capacity: usize,
    ) -> *mut C_tensor;
}

/// Max-pool 2x2, then `ReLU`.
///
/// ```text
/// out[i, c, y, x] = max(0, max_{a, b in 0..2} in[i, c, 2y + a, 2x + b])
/// ```
///
/// `x`: `[n, c, h, w]`. Returns `[n, c, h/2, w/2]`, channels innermost in memory; an odd last row or
/// column is dropped. The gradient goes to the first of equal maxima, and nowhere where the output
/// is 0. Both are monotone, so this is also `ReLU`, then max-pool.
///
/// On a CPU one pass over memory in fp32 and bf16, if c is a multiple of 8; otherwise `LibTorch`'s
/// two operators.
///
/// # Panics
/// As tch does, on a tensor that has not four dimensions.
pub fn pool_relu(x: &Tensor) -> Tensor {
    // SAFETY: the tensor outlives the call, which only reads it.
    returned(|message, capacity| unsafe { bal_pool_relu(x.as_ptr(), message, capacity) })
}

/// Convolution 3x3 with padding 1, max-pool 2x2, then `ReLU`.
///
/// `x`: `[n, k, h, w]`, `weight`: `[c, k, 3, 3]`, `bias`: `[c]`. Returns `[n, c, h/2, w/2]`, channels
/// innermost in memory. Differentiable in all three.
///
/// On a CPU, with c a multiple of 8, in fp32 and bf16: with up to four input channels the
/// convolution's output is not written at all. With a multiple of 8 of them, the forward pass is
/// `LibTorch`'s convolution and the backward pass visits only the windows' maxima, since only those
/// have a gradient. Otherwise `LibTorch`'s operators throughout.
///
/// # Panics
/// As tch does, on shapes that do not fit.
pub fn conv_pool_relu(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    // SAFETY: the tensors outlive the call, which only reads them.
    returned(|message, capacity| unsafe {
        bal_conv_pool_relu(x.as_ptr(), weight.as_ptr(), bias.as_ptr(), message, capacity)
    })
}

fn returned(call: impl FnOnce(*mut c_char, usize) -> *mut C_tensor) -> Tensor {
    let mut message = [0_u8; 1024];
    let result = call(message.as_mut_ptr().cast(), message.len());
    if result.is_null() {
        let text = CStr::from_bytes_until_nul(&message).unwrap_or_default();
        panic!("a fused layer failed: {}", text.to_string_lossy());
    }
    // SAFETY: a tensor on the heap that the call gave away; from here on tch owns it.
    unsafe { Tensor::from_ptr(result) }
}

#[cfg(test)]
mod tests;
