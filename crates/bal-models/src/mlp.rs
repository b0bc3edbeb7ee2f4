//! Fully connected networks.

use crate::init::Init;
use crate::sequential::{Layer, Sequential};
use crate::{ModelError, Sizes};

/// How names begin.
const MLP: &str = "mlp-";

/// Layers and units of a layer above which a number is taken for a mistake.
const MOST_LAYERS: usize = 16;
const MOST_UNITS: i64 = 1 << 14;

/// The network that is called `mlp-` and the units of its hidden layers: `mlp-1200-1200`. `None` for other names.
///
/// ```text
/// flatten;  FC, ReLU for each hidden layer;  FC classes
/// ```
///
/// Weights and biases begin uniform in `+-1/sqrt(fan_in)`, as in PyTorch. It has no dropout.
pub(crate) fn mlp(name: &str, sizes: Sizes) -> Option<Result<Sequential, ModelError>> {
    Some(layers(name)?.and_then(|layers| Sequential::new(name.into(), layers, Init::FanIn, sizes, 1)))
}

/// The hidden layers that such a name has; `None` for other names.
pub(crate) fn layers(name: &str) -> Option<Result<Vec<Layer>, ModelError>> {
    let hidden = name.strip_prefix(MLP)?.split('-').map(|units| {
        // Not +7 and not 007, so that a network has one name.
        let plain = units.bytes().all(|digit| digit.is_ascii_digit()) && !units.starts_with('0');
        units.parse().ok().filter(|units| plain && (1..=MOST_UNITS).contains(units))
    });
    let hidden: Option<Vec<i64>> = hidden.collect();
    let hidden = hidden.filter(|hidden| hidden.len() <= MOST_LAYERS);
    let layer = |units| Layer::Dense { units, init: Init::FanIn };
    let hidden = hidden.map(|hidden| hidden.into_iter().map(layer).collect());
    Some(hidden.ok_or_else(|| ModelError::Architecture { name: name.into() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{Architecture, Mode, NoiseKey, NoiseStream, Purpose};
    use tch::{Device, Kind, Tensor};

    const DIGITS: Sizes = Sizes { input: [1, 28, 28], classes: 10 };

    fn noise(chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
    }

    #[test]
    fn it_is_its_layers_one_after_another() {
        let net = mlp("mlp-7-5", Sizes { input: [2, 3, 4], classes: 3 }).unwrap().unwrap();
        let (weights, _) = net.init(&mut noise(0));
        let shapes: Vec<Vec<i64>> = vec![vec![7, 24], vec![7], vec![5, 7], vec![5], vec![3, 5], vec![3]];
        assert_eq!(weights.shapes(), shapes);
        let names: Vec<String> = net.parameters().into_iter().map(|spec| spec.name).collect();
        assert_eq!(names[..3], ["fc1.weight", "fc1.bias", "fc2.weight"]);
        let x = noise(1).uniform_like(&Tensor::zeros([6, 2, 3, 4], (Kind::Float, Device::Cpu)));
        let w = weights.tensors();
        let h = x.flatten(1, -1).linear(&w[0], Some(&w[1])).relu().linear(&w[2], Some(&w[3])).relu();
        let expected = h.linear(&w[4], Some(&w[5]));
        let masks = &mut noise(2).for_images(&[0, 1, 2, 3, 4, 5]);
        for mode in [Mode::Evaluate, Mode::Train { masks }] {
            assert_eq!(net.forward(&weights, &bal_core::Position::new(vec![]), &x, mode).logits, expected);
        }
        let largest = |t: &Tensor| t.abs().max().double_value(&[]);
        let bound = 24f64.sqrt().recip();
        assert!((0.8 * bound..=bound).contains(&largest(&w[0])) && largest(&w[1]) <= bound);
    }

    #[test]
    fn a_network_has_one_name_and_others_are_refused() {
        let net = mlp("mlp-1200-1200", DIGITS).unwrap().unwrap();
        assert_eq!(net.name(), "mlp-1200-1200");
        assert_eq!(net.init(&mut noise(0)).0.numel(), 2_395_210);
        assert!(mlp("cnn", DIGITS).is_none());
        for name in ["mlp-", "mlp-0", "mlp-07", "mlp-+7", "mlp-5-", "mlp-99999", "mlp-1200x", "mlp-9-٣"] {
            let error = mlp(name, DIGITS).unwrap().unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("mlp-"), "{error}");
        }
    }
}
