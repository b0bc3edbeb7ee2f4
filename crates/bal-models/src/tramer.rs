//! The networks of ensemble adversarial training.

use crate::init::Init;
use crate::sequential::{Layer, Sequential};
use crate::{ModelError, Sizes};

/// The network `tramer-a`, `-b`, `-c` or `-d`; `None` for other names.
///
/// ```text
/// a   conv 64 5x5, conv 64 5x5, dropout .25, FC 128, dropout .5, FC classes             3,382,346 weights on MNIST
/// b   dropout .2, conv 64 8x8 stride 2 pad 3, conv 128 6x6 stride 2, conv 128 5x5,
///     dropout .5, FC classes                                                              710,218
/// c   conv 128 3x3, conv 64 3x3, dropout .25, FC 128, dropout .5, FC classes            4,795,082
/// d   four times FC 300, dropout .5;  FC classes                                          509,410
/// ```
///
/// `ReLU` after each layer but the last; the numbers are shares that dropout takes. Weights begin as Keras has them: uniform by Glorot
/// & Bengio, those of the FC 300 normal by He et al.; biases are 0. A and C take some twenty times the
/// multiplications of `cnn`.
///
/// Source: Tramèr et al., ICLR 2018, appendix A and the authors' `mnist.py`, which has `ReLU` and no pooling in C. They pad B's
/// first convolution to half of the sides; so do we for even ones.
pub(crate) fn tramer(name: &str, sizes: Sizes) -> Option<Result<Sequential, ModelError>> {
    let conv = |filters, side, stride, padding| Layer::Conv { filters, side, stride, padding };
    let dropped = |share: f64| Layer::Dropout { keep: 1.0 - share };
    let dense = |units, init| Layer::Dense { units, init };
    let ending = [dropped(0.25), dense(128, Init::Glorot), dropped(0.5)];
    let (layers, least) = match name.strip_prefix("tramer-")? {
        "a" => ([&[conv(64, 5, 1, 0), conv(64, 5, 1, 0)], &ending[..]].concat(), 9),
        "b" => {
            let convolutions = [conv(64, 8, 2, 3), conv(128, 6, 2, 0), conv(128, 5, 1, 0)];
            ([&[dropped(0.2)], &convolutions[..], &[dropped(0.5)]].concat(), 28)
        }
        "c" => ([&[conv(128, 3, 1, 0), conv(64, 3, 1, 0)], &ending[..]].concat(), 5),
        "d" => ([dense(300, Init::He), dropped(0.5)].repeat(4), 1),
        _ => return Some(Err(ModelError::Architecture { name: name.into() })),
    };
    Some(Sequential::new(name.into(), layers, Init::Glorot, sizes, least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{Architecture, Mode, NoiseKey, NoiseStream, Purpose};
    use tch::{Device, Kind, Tensor};

    fn noise(chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
    }

    fn network(name: &str, input: [i64; 3]) -> Result<Sequential, ModelError> {
        tramer(name, Sizes { input, classes: 10 }).unwrap()
    }

    #[test]
    fn they_have_as_many_weights_as_those_of_the_paper() {
        for (name, weights) in
            [("tramer-a", 3_382_346), ("tramer-b", 710_218), ("tramer-c", 4_795_082), ("tramer-d", 509_410)]
        {
            let net = network(name, [1, 28, 28]).unwrap();
            let (parameters, buffers) = net.init(&mut noise(0));
            assert_eq!((net.name(), parameters.numel()), (name, weights));
            let x = noise(1).uniform_like(&Tensor::zeros([2, 1, 28, 28], (Kind::Float, Device::Cpu)));
            let evaluated = net.forward(&parameters, &buffers, &x, Mode::Evaluate).logits;
            assert_eq!(evaluated.size(), [2, 10]);
            let masks = &mut noise(2).for_images(&[0, 1]);
            let trained = net.forward(&parameters, &buffers, &x, Mode::Train { masks }).logits;
            assert!(!trained.allclose(&evaluated, 1e-3, 1e-3, false), "{name}: dropout acts in training");
            let biases = parameters.tensors().iter().skip(1).step_by(2);
            assert!(biases.into_iter().all(|bias| bias.abs().max().double_value(&[]) == 0.0));
        }
    }

    #[test]
    fn weights_begin_by_glorot_and_by_he() {
        let (weights, _) = network("tramer-d", [1, 28, 28]).unwrap().init(&mut noise(3));
        let w = weights.tensors();
        let spread = |t: &Tensor| t.std(true).double_value(&[]);
        assert!((spread(&w[0]) / (2.0f64 / 784.0).sqrt() - 1.0).abs() < 0.01);
        let bound = (6.0f64 / 310.0).sqrt();
        let largest = w[8].abs().max().double_value(&[]);
        assert!((0.98 * bound..=bound).contains(&largest), "{largest} of {bound}");
        let (weights, _) = network("tramer-c", [1, 28, 28]).unwrap().init(&mut noise(3));
        let bound = (6.0f64 / (9.0 * (128.0 + 64.0))).sqrt();
        let largest = weights.tensors()[2].abs().max().double_value(&[]);
        assert!((0.99 * bound..=bound).contains(&largest), "{largest} of {bound}");
    }

    #[test]
    fn images_that_are_too_small_are_refused_by_name() {
        for (name, least) in [("tramer-a", 9), ("tramer-b", 28), ("tramer-c", 5), ("tramer-d", 1)] {
            let net = network(name, [3, least, least + 3]).unwrap();
            let (weights, buffers) = net.init(&mut noise(0));
            let x = Tensor::zeros([1, 3, least, least + 3], (Kind::Float, Device::Cpu));
            assert_eq!(net.forward(&weights, &buffers, &x, Mode::Evaluate).logits.size(), [1, 10]);
            let error = network(name, [3, least - 1, 40]).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        assert!(tramer("tramer-e", Sizes { input: [1, 28, 28], classes: 10 }).unwrap().is_err());
    }
}
