//! What a layer took and what it made of it, as a pass went through it.

use tch::Tensor;

/// A layer that is linear in its weight and bias.
///
/// ```text
/// output[i, :, p] = W inputs[i, p, :] + b,    W = weight.flatten(1)
/// ```
///
/// for image i and position p: the only one of a dense layer, each place of the filter in a convolution.
#[derive(Debug)]
pub struct Tap {
    /// The number of the weight among the network's parameters, `[outputs, ..]`.
    pub weight: usize,
    /// The number of the bias, `[outputs]`.
    pub bias: usize,
    /// `[n, positions, inputs]`, in the order of the weight's numbers; no part of the graph.
    pub inputs: Tensor,
    /// `[n, outputs, ..]`, before the activation; a node of the graph where a parameter requires a gradient.
    pub output: Tensor,
}

impl Tap {
    /// Of a dense layer, whose bias follows its weight, number `weight`. `input`: `[n, inputs]`; `output`: `[n, outputs]`.
    pub fn dense(weight: usize, input: &Tensor, output: &Tensor) -> Self {
        let inputs = input.detach().unsqueeze(1);
        Self { weight, bias: weight + 1, inputs, output: output.shallow_clone() }
    }

    /// Of a convolution with square filters of `side`, whose bias follows its weight, number `weight`.
    ///
    /// `input`: `[n, channels, h, w]`; `output`: `[n, outputs, h', w']`.
    pub fn convolution(
        weight: usize,
        input: &Tensor,
        output: &Tensor,
        [side, stride, padding]: [i64; 3],
    ) -> Self {
        let patches = input.detach().im2col([side; 2], [1, 1], [padding; 2], [stride; 2]);
        Self { weight, bias: weight + 1, inputs: patches.transpose(1, 2), output: output.shallow_clone() }
    }
}

/// A pass in evaluation mode, with its layers.
#[derive(Debug)]
pub struct Tapped {
    /// Raw logits, `[n, classes]`.
    pub logits: Tensor,
    /// The layers, in the order of the pass. Each parameter belongs to one of them.
    pub taps: Vec<Tap>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoiseKey, NoiseStream, Purpose};
    use tch::{Device, Kind};

    fn normal(chain: u64, size: &[i64]) -> Tensor {
        let key = NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain };
        NoiseStream::new(key).normal_like(&Tensor::zeros(size, (Kind::Float, Device::Cpu)))
    }

    #[test]
    fn patches_are_what_the_filter_lies_on() {
        for (side, stride, padding) in [(3, 1, 1), (2, 2, 0), (4, 3, 2)] {
            let x = normal(0, &[2, 3, 7, 6]);
            let after = |before: i64| (before + 2 * padding - side) / stride + 1;
            let (high, wide) = (after(7), after(6));
            let output = Tensor::zeros([2, 5, high, wide], (Kind::Float, Device::Cpu));
            let tap = Tap::convolution(4, &x, &output, [side, stride, padding]);
            assert_eq!((tap.weight, tap.bias), (4, 5));
            assert_eq!(tap.inputs.size(), [2, high * wide, 3 * side * side]);
            let pixel = |image: i64, channel: i64, row: i64, column: i64| {
                let inside = (0..7).contains(&row) && (0..6).contains(&column);
                if inside { x.double_value(&[image, channel, row, column]) } else { 0.0 }
            };
            for image in 0..2 {
                for place in 0..high * wide {
                    let (top, left) = (place / wide * stride - padding, place % wide * stride - padding);
                    for number in 0..3 * side * side {
                        let (channel, within) = (number / (side * side), number % (side * side));
                        let expected = pixel(image, channel, top + within / side, left + within % side);
                        let found = tap.inputs.double_value(&[image, place, number]);
                        assert_eq!(found.to_bits(), expected.to_bits());
                    }
                }
            }
        }
    }

    #[test]
    fn a_layer_is_the_product_of_its_inputs_and_its_weight() {
        let (x, weight, bias) = (normal(1, &[2, 3, 7, 6]), normal(2, &[5, 3, 3, 3]), normal(3, &[5]));
        let output = x.conv2d(&weight, Some(&bias), [2, 2], [1, 1], [1, 1], 1);
        let tap = Tap::convolution(0, &x, &output, [3, 2, 1]);
        let product = tap.inputs.matmul(&weight.flatten(1, -1).tr()) + &bias;
        assert!(product.transpose(1, 2).allclose(&output.flatten(2, -1), 1e-5, 1e-5, false));

        let (x, weight) = (normal(4, &[2, 6]), normal(5, &[5, 6]));
        let output = x.linear(&weight, Some(&bias));
        let tap = Tap::dense(2, &x, &output);
        let product = tap.inputs.matmul(&weight.tr()) + &bias;
        assert!(product.squeeze_dim(1).allclose(&output, 1e-5, 1e-5, false));
    }
}
