//! What `LibTorch` has in C++ only: layers of convolutional networks, fused into one node of its autograd each; [`cuda`], found
//! and set up; and normal numbers that a device draws by key.
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

pub mod cuda;
mod keyed_noise;

pub use keyed_noise::{KeyedNoiseError, keyed_normal};
use std::ffi::{CStr, c_char};
use tch::Tensor;
use torch_sys::C_tensor;

/// Room for what `LibTorch` says of a fault.
const MESSAGE: usize = 1024;

unsafe extern "C" {
    fn bal_pool(x: *const C_tensor, relu: bool, message: *mut c_char, capacity: usize) -> *mut C_tensor;
    fn bal_conv_pool(
        x: *const C_tensor,
        weight: *const C_tensor,
        bias: *const C_tensor,
        padding: i64,
        relu: bool,
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
    returned(|message, capacity| unsafe { bal_pool(x.as_ptr(), true, message, capacity) })
}

/// Convolution 3x3 with padding 1, max-pool 2x2, then `ReLU`: [`conv_pool`] with what most networks have.
///
/// # Panics
/// As tch does, on shapes that do not fit.
pub fn conv_pool_relu(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Tensor {
    fused(x, weight, bias, 1, true)
}

/// Convolution of stride 1 with `padding` zeros around the image, then max-pool 2x2.
///
/// `x`: `[n, k, h, w]`, `weight`: `[c, k, s, s]`, `bias`: `[c]`. Returns `[n, c, h'/2, w'/2]` for `h' = h + 2 padding -
/// s + 1`, an odd last row or column dropped. Differentiable in all three. A monotone function that follows, such as a
/// leaky `ReLU`, may as well have come before the pooling.
///
/// On a CPU, in fp32 and bf16, with s of 1, 3, 5 or 7 and a smaller padding: with up to four input channels the
/// convolution's output is not written at all, nor is it with more if s is 3, by Winograd's F(2x2, 3x3) (Lavin & Gray,
/// CVPR 2016); other sides are convolved by `LibTorch`. The backward pass visits only the windows' maxima, since only
/// those have a gradient. Channels that are no multiple of 8 are filled up with zeros. Otherwise `LibTorch`'s operators
/// throughout.
///
/// # Panics
/// As tch does, on shapes that do not fit.
pub fn conv_pool(x: &Tensor, weight: &Tensor, bias: &Tensor, padding: i64) -> Tensor {
    fused(x, weight, bias, padding, false)
}

fn fused(x: &Tensor, weight: &Tensor, bias: &Tensor, padding: i64, relu: bool) -> Tensor {
    // SAFETY: the tensors outlive the call, which only reads them.
    returned(|message, capacity| unsafe {
        bal_conv_pool(x.as_ptr(), weight.as_ptr(), bias.as_ptr(), padding, relu, message, capacity)
    })
}

fn returned(call: impl FnOnce(*mut c_char, usize) -> *mut C_tensor) -> Tensor {
    let mut message = [0_u8; MESSAGE];
    let result = call(message.as_mut_ptr().cast(), message.len());
    assert!(!result.is_null(), "a fused layer failed: {}", said(&message));
    // SAFETY: a tensor on the heap that the call gave away; from here on tch owns it.
    unsafe { Tensor::from_ptr(result) }
}

/// What a call wrote into its room for a message.
fn said(message: &[u8]) -> String {
    CStr::from_bytes_until_nul(message).unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
