//! The memory order that convolutions want.

use tch::Tensor;

/// The same `[n, c, h, w]` tensor with its channels innermost in memory.
///
/// Returned as it is when it is laid out so already, otherwise copied; either way a gradient flows
/// through. Strides are spelled out because with one channel the order in memory is the same
/// whatever the strides say, and LibTorch takes the wrong hint: its convolutions then leave the
/// channels-last path and cost twice the time.
pub fn channels_last(x: &Tensor) -> Tensor {
    let size = x.size();
    let &[n, c, h, w] = size.as_slice() else { return x.shallow_clone() };
    let strides = [h * w * c, 1, w * c, c];
    if x.stride() == strides {
        return x.shallow_clone();
    }
    x.permute([0, 2, 3, 1]).contiguous().as_strided([n, c, h, w], strides, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn values_and_gradients_pass_unchanged() {
        for channels in [1, 3] {
            let x = Tensor::arange(2 * channels * 20, (Kind::Float, Device::Cpu))
                .reshape([2, channels, 4, 5])
                .set_requires_grad(true);
            let last = channels_last(&x);
            assert_eq!(last.stride(), [20 * channels, 1, 5 * channels, channels]);
            assert_eq!(last, x);
            let gradient = Tensor::run_backward(&[last.square().sum(Kind::Float)], &[&x], false, false);
            assert_eq!(gradient[0], 2.0 * &x);
        }
    }
}
