//! Residual networks for photographs, without batch statistics.

use crate::init::Init;
use crate::{ModelError, Sizes};
use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, TensorSpec, channels_last};
use tch::{Device, Kind, Tensor};

/// How names begin.
const RESNET_FRN: &str = "resnet-frn";
/// Layers above which a number is taken for a mistake.
const MOST_LAYERS: usize = 110;
/// Filters in each stage.
const WIDTHS: [i64; 3] = [16, 32, 64];
/// Keeps the root from 0.
const EPSILON: f64 = 1e-6;

/// A residual network whose normalisation sees one image at a time.
///
/// ```text
/// stem:       FRN(conv 16 3x3), SiLU
/// stage s:    k blocks of w = 16, 32, 64 filters; the first block of stages 2 and 3 halves the sides (stride 2)
/// block:      out = SiLU( FRN(conv w 3x3( SiLU(FRN(conv w 3x3(h))) )) + shortcut(h) )
/// shortcut:   h, or FRN(conv w 1x1 stride 2) where the block halves the sides
/// head:       mean over the pixels of each map, FC classes
///
/// FRN(h) = scale * h / sqrt(nu2 + 1e-6) + shift,   nu2 = mean over the pixels of h^2, for each image and map
/// SiLU(a) = a / (1 + exp(-a))
/// ```
///
/// `resnet-frn-N` has N = 6k + 2 layers on the way from pixels to logits: 8, 14, 20 and so on up to 110. Input `[n, c, h, w]` in
/// `[0, 1]`, not normalised, with sides of 16 pixels at least, so that the mean in the last stage is over 16 pixels or more. For
/// `[3, 32, 32]` and 10 classes `resnet-frn-20` has 273,258 weights. It has no buffers and no dropout: an image's logits never
/// depend on other images, and training and evaluation are the same function.
///
/// That function is smooth in pixels and weights. Langevin dynamics and Hamiltonian Monte Carlo assume a smooth energy, and an
/// attack finds no region where a unit is off and has no gradient. So the nonlinearity is `SiLU`, and not `ReLU` or the
/// thresholded linear unit `max(a, tau)` of the inventors of FRN.
///
/// 3x3 convolutions are padded by 1 on every side. Convolutions and the head have biases. Weights begin normal with the
/// variance `2 / fan_in` (He et al., ICCV 2015, eq. 10), biases and shifts 0, scales 1.
///
/// Source: He et al., CVPR 2016, section 4.2 (the network, there with batch norm); Singh & Krishnan, CVPR 2020 (FRN); Izmailov
/// et al., ICML 2021, and the authors' `models.py` (ResNet-20 with FRN and `SiLU` for Hamiltonian Monte Carlo, projections as
/// here). Their code takes `max(a, tau)` before each `SiLU`; we leave it out.
#[derive(Clone, Debug)]
pub struct ResnetFrn {
    name: String,
    blocks: usize,
    input: [i64; 3],
    classes: i64,
}

/// A convolution with its normalisation.
struct Unit {
    name: String,
    channels: i64,
    filters: i64,
    side: i64,
}

impl ResnetFrn {
    /// Pixels of the smallest side, of which the last stage has four.
    const LEAST_SIDE: i64 = 16;

    /// The network of so many layers: 6k + 2, from 8 to 110.
    ///
    /// # Errors
    /// [`ModelError::Architecture`] for other numbers of layers, [`ModelError::Sizes`] for images with a side below 16.
    pub fn new(layers: usize, sizes: Sizes) -> Result<Self, ModelError> {
        let name = format!("{RESNET_FRN}-{layers}");
        if !(8..=MOST_LAYERS).contains(&layers) || layers % 6 != 2 {
            return Err(ModelError::Architecture { name });
        }
        let Sizes { input, classes } = sizes.checked(&name, Self::LEAST_SIDE)?;
        Ok(Self { name, blocks: (layers - 2) / 6, input, classes })
    }

    /// The network that is called `resnet-frn-` and its layers; `None` for names that do not begin so.
    pub(crate) fn named(name: &str, sizes: Sizes) -> Option<Result<Self, ModelError>> {
        let layers = name.strip_prefix(RESNET_FRN)?;
        let layers = layers.strip_prefix('-').and_then(|layers| layers.parse().ok());
        let network = layers.map(|layers| Self::new(layers, sizes));
        // Not +20 and not 020, so that a network has one name.
        let unknown = || Err(ModelError::Architecture { name: name.into() });
        Some(match network {
            Some(Ok(network)) if network.name != name => unknown(),
            Some(network) => network,
            None => unknown(),
        })
    }

    /// All units, in the order in which a pass meets them: in a block `conv1`, `conv2`, and `shortcut` where there is one.
    fn units(&self) -> Vec<Unit> {
        let unit = |name: String, channels, filters, side| Unit { name, channels, filters, side };
        let mut channels = self.input[0];
        let mut units = vec![unit("stem".into(), channels, WIDTHS[0], 3)];
        channels = WIDTHS[0];
        for (stage, filters) in WIDTHS.into_iter().enumerate() {
            for block in 0..self.blocks {
                let name = |layer: &str| format!("stage{}.block{}.{layer}", stage + 1, block + 1);
                units.push(unit(name("conv1"), channels, filters, 3));
                units.push(unit(name("conv2"), filters, filters, 3));
                if is_halved(stage, block) {
                    units.push(unit(name("shortcut"), channels, filters, 1));
                }
                channels = filters;
            }
        }
        units
    }
}

/// Whether a block halves the sides; both from 0.
fn is_halved(stage: usize, block: usize) -> bool {
    stage > 0 && block == 0
}

impl Unit {
    fn weight(&self) -> [i64; 4] {
        [self.filters, self.channels, self.side, self.side]
    }

    fn parameters(&self) -> [TensorSpec; 4] {
        let spec = |kind: &str, shape: &[i64]| TensorSpec::new(format!("{}.{kind}", self.name), shape);
        let numbers = [self.filters];
        [
            spec("weight", &self.weight()),
            spec("bias", &numbers),
            spec("scale", &numbers),
            spec("shift", &numbers),
        ]
    }
}

/// A unit's function of `x`; `weights` are its four tensors.
fn unit(x: &Tensor, weights: &[Tensor], stride: i64) -> Tensor {
    let [weight, bias, scale, shift] = weights else {
        panic!("a convolution with its normalisation has four tensors, got {}", weights.len());
    };
    let padding = weight.size()[2] / 2;
    let h = x.conv2d(&channels_last(weight), Some(bias), [stride; 2], [padding; 2], [1, 1], 1);
    response_normalised(&h, scale, shift)
}

/// Filter response normalisation of feature maps `[n, c, h, w]`; `scale` and `shift` have a number for each map.
fn response_normalised(x: &Tensor, scale: &Tensor, shift: &Tensor) -> Tensor {
    // A mean over many pixels needs more digits than bfloat16 has.
    let wide = if x.kind() == Kind::BFloat16 { Kind::Float } else { x.kind() };
    let of_maps = |t: &Tensor| t.to_kind(wide).reshape([1, -1, 1, 1]);
    let squares = x.to_kind(wide).square().mean_dim(&[2i64, 3][..], true, wide);
    let factor = of_maps(scale) * (squares + EPSILON).rsqrt();
    (x * factor.to_kind(x.kind())) + of_maps(shift).to_kind(x.kind())
}

impl Architecture for ResnetFrn {
    fn name(&self) -> &str {
        &self.name
    }

    fn classes(&self) -> i64 {
        self.classes
    }

    fn input(&self) -> [i64; 3] {
        self.input
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        let mut specs: Vec<TensorSpec> = self.units().iter().flat_map(Unit::parameters).collect();
        specs.push(TensorSpec::new("fc.weight", &[self.classes, WIDTHS[2]]));
        specs.push(TensorSpec::new("fc.bias", &[self.classes]));
        specs
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let mut tensors = Vec::new();
        for unit in self.units() {
            tensors.extend(Init::He.layer(&unit.weight(), noise));
            let form = (Kind::Float, Device::Cpu);
            tensors.extend([Tensor::ones([unit.filters], form), Tensor::zeros([unit.filters], form)]);
        }
        tensors.extend(Init::He.layer(&[self.classes, WIDTHS[2]], noise));
        (Position::new(tensors), Position::new(vec![]))
    }

    fn forward(&self, parameters: &Position, _buffers: &Position, x: &Tensor, _mode: Mode) -> Forward {
        let (units, head) = parameters.tensors().split_at(parameters.tensors().len() - 2);
        let mut units = units.chunks(4);
        let mut next = |x: &Tensor, stride| unit(x, units.next().expect("a unit for each layer"), stride);
        let mut h = next(&channels_last(x), 1).silu();
        for stage in 0..WIDTHS.len() {
            for block in 0..self.blocks {
                let halved = is_halved(stage, block);
                let stride = if halved { 2 } else { 1 };
                let inner = next(&h, stride).silu();
                let change = next(&inner, 1);
                let kept = if halved { next(&h, stride) } else { h };
                h = (change + kept).silu();
            }
        }
        let features = h.mean_dim(&[2i64, 3][..], false, h.kind());
        Forward { logits: features.linear(&head[0], Some(&head[1])), buffers: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, Purpose};

    fn noise(chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
    }

    fn network(layers: usize, input: [i64; 3], classes: i64) -> ResnetFrn {
        ResnetFrn::new(layers, Sizes { input, classes }).unwrap()
    }

    fn images(shape: [i64; 4]) -> Tensor {
        noise(9).uniform_like(&Tensor::zeros(shape, (Kind::Float, Device::Cpu)))
    }

    fn logits(net: &ResnetFrn, weights: &Position, x: &Tensor) -> Tensor {
        net.forward(weights, &Position::new(vec![]), x, Mode::Evaluate).logits
    }

    /// Weights away from their start, where scales are 1, and shifts and biases 0.
    fn moved(net: &ResnetFrn) -> Position {
        let (weights, _) = net.init(&mut noise(0));
        let mut noise = noise(1);
        Position::new(weights.tensors().iter().map(|t| t + noise.normal_like(t) * 0.1).collect())
    }

    #[test]
    fn twenty_layers_have_the_published_quarter_of_a_million_weights() {
        for (layers, weights) in [(8, 78_378), (14, 175_818), (20, 273_258)] {
            let net = network(layers, [3, 32, 32], 10);
            let (parameters, buffers) = net.init(&mut noise(0));
            let expected: Vec<Vec<i64>> = net.parameters().into_iter().map(|spec| spec.shape).collect();
            assert_eq!((parameters.numel(), parameters.shapes()), (weights, expected));
            assert_eq!((net.name(), buffers.numel()), (format!("resnet-frn-{layers}").as_str(), 0));
        }
        // He et al. count 0.27 million, without biases and projections.
        let net = network(20, [3, 32, 32], 10);
        let counted = |spec: &TensorSpec| spec.name.ends_with("weight") && !spec.name.contains("shortcut");
        let weights: i64 =
            net.parameters().iter().filter(|s| counted(s)).map(|s| s.shape.iter().product::<i64>()).sum();
        assert_eq!(weights, 268_336);
    }

    #[test]
    fn the_normalisation_is_its_equation() {
        // Two images of two maps of 1x2 pixels; mean squares 12.5, 0.5, 8, 0.
        let x = Tensor::from_slice(&[3f64, 4.0, 1.0, 0.0, -4.0, 0.0, 0.0, 0.0]).reshape([2, 2, 1, 2]);
        let (scale, shift) = (Tensor::from_slice(&[2f64, 1.0]), Tensor::from_slice(&[0f64, -1.0]));
        let found = response_normalised(&x, &scale, &shift);
        let root = |square: f64| (square + 1e-6).sqrt();
        let expected = [
            6.0 / root(12.5),
            8.0 / root(12.5),
            1.0 / root(0.5) - 1.0,
            -1.0,
            -8.0 / root(8.0),
            0.0,
            -1.0,
            -1.0,
        ];
        let expected = Tensor::from_slice(&expected).reshape([2, 2, 1, 2]);
        assert!(found.allclose(&expected, 1e-12, 1e-12, false), "{found}");
    }

    #[test]
    fn it_is_its_blocks_one_after_another() {
        let net = network(8, [1, 16, 16], 3);
        let weights = moved(&net);
        let x = images([2, 1, 16, 16]);
        let specs = net.parameters();
        let w = |name: &str| {
            let at = specs.iter().position(|spec| spec.name == name).unwrap_or_else(|| panic!("{name}"));
            &weights.tensors()[at]
        };
        let of_maps = |t: &Tensor| t.reshape([1, -1, 1, 1]);
        let normalised = |x: &Tensor, name: &str, stride: i64, padding: i64| {
            let (weight, bias) = (w(&format!("{name}.weight")), w(&format!("{name}.bias")));
            let h = x.conv2d(weight, Some(bias), [stride; 2], [padding; 2], [1, 1], 1);
            let squares = (&h * &h).mean_dim(&[2i64, 3][..], true, Kind::Float);
            let (scale, shift) = (of_maps(w(&format!("{name}.scale"))), of_maps(w(&format!("{name}.shift"))));
            scale * h / (squares + 1e-6).sqrt() + shift
        };
        let silu = |a: Tensor| &a * a.sigmoid();
        let mut h = silu(normalised(&x, "stem", 1, 1));
        for (stage, stride) in [(1, 1), (2, 2), (3, 2)] {
            let name = |layer: &str| format!("stage{stage}.block1.{layer}");
            let inner = silu(normalised(&h, &name("conv1"), stride, 1));
            let kept = if stride == 2 { normalised(&h, &name("shortcut"), 2, 0) } else { h };
            h = silu(normalised(&inner, &name("conv2"), 1, 1) + kept);
        }
        assert_eq!(h.size(), [2, 64, 4, 4]);
        let expected =
            h.mean_dim(&[2i64, 3][..], false, Kind::Float).linear(w("fc.weight"), Some(w("fc.bias")));
        assert!(logits(&net, &weights, &x).allclose(&expected, 1e-4, 1e-5, false));
    }

    #[test]
    fn gradients_are_finite_differences() {
        let net = network(8, [3, 16, 16], 4);
        let double = |t: &Tensor| t.to_kind(Kind::Double);
        let weights: Vec<Tensor> = moved(&net).tensors().iter().map(double).collect();
        let x = double(&images([2, 3, 16, 16]));
        let loss = |weights: &[Tensor], x: &Tensor| {
            let weights = Position::of_leaves(weights.iter().map(Tensor::shallow_clone).collect());
            let labels = Tensor::from_slice(&[1i64, 3]);
            logits(&net, &weights, x).log_softmax(-1, Kind::Double).nll_loss(&labels)
        };
        let leaves: Vec<Tensor> = weights.iter().map(|t| t.copy().set_requires_grad(true)).collect();
        let pixels = x.copy().set_requires_grad(true);
        let all: Vec<&Tensor> = leaves.iter().chain([&pixels]).collect();
        let gradients = Tensor::run_backward(&[loss(&leaves, &pixels)], &all, false, false);
        let mut draws = noise(5);
        for (at, gradient) in gradients.iter().enumerate() {
            // Along one direction in each tensor.
            let direction = double(&draws.normal_like(&gradient.to_kind(Kind::Float)));
            let direction = &direction / direction.norm();
            let away = |step: f64| {
                let mut moved: Vec<Tensor> = weights.iter().map(Tensor::shallow_clone).collect();
                let mut pixels = x.shallow_clone();
                let place = moved.get_mut(at).unwrap_or(&mut pixels);
                *place = &*place + &direction * step;
                loss(&moved, &pixels).double_value(&[])
            };
            let slope = (away(1e-5) - away(-1e-5)) / 2e-5;
            let expected = (gradient * &direction).sum(Kind::Double).double_value(&[]);
            assert!((slope - expected).abs() < 1e-7 + 1e-5 * expected.abs(), "{at}: {slope} {expected}");
        }
    }

    #[test]
    fn an_image_has_the_same_logits_alone_and_among_others_in_training_too() {
        let net = network(14, [3, 20, 17], 5);
        let (weights, x) = (moved(&net), images([6, 3, 20, 17]));
        let masks = &mut noise(3).for_images(&[0, 1, 2, 3, 4, 5]);
        let trained = net.forward(&weights, &Position::new(vec![]), &x, Mode::Train { masks });
        assert!(trained.buffers.is_none() && !net.has_batch_statistics());
        assert_eq!(trained.logits, logits(&net, &weights, &x));
        for at in 0..6 {
            let alone = logits(&net, &weights, &x.narrow(0, at, 1));
            assert!(alone.allclose(&trained.logits.narrow(0, at, 1), 1e-4, 1e-5, false));
        }
    }

    #[test]
    fn weights_begin_by_he_scales_one_and_the_rest_zero() {
        let net = network(20, [3, 32, 32], 10);
        let (weights, _) = net.init(&mut noise(2));
        for (spec, tensor) in net.parameters().iter().zip(weights.tensors()) {
            let (least, most) = (tensor.min().double_value(&[]), tensor.max().double_value(&[]));
            match spec.name.rsplit('.').next().unwrap() {
                "weight" => {
                    let from: i64 = spec.shape[1..].iter().product();
                    let (count, expected) = (tensor.numel() as f64, (2.0 / from as f64).sqrt());
                    let spread = tensor.std(true).double_value(&[]) / expected;
                    // Five standard errors.
                    assert!((spread - 1.0).abs() < 5.0 / (2.0 * count).sqrt(), "{}: {spread}", spec.name);
                }
                "scale" => assert_eq!((least, most), (1.0, 1.0)),
                _ => assert_eq!((least, most), (0.0, 0.0)),
            }
        }
    }

    #[test]
    fn a_network_has_one_name_and_other_names_and_sizes_are_refused() {
        let sizes = Sizes { input: [3, 32, 32], classes: 10 };
        assert_eq!(ResnetFrn::named("resnet-frn-20", sizes).unwrap().unwrap().name(), "resnet-frn-20");
        assert!(ResnetFrn::named("cnn", sizes).is_none());
        for name in [
            "resnet-frn",
            "resnet-frn-",
            "resnet-frn-2",
            "resnet-frn-18",
            "resnet-frn-020",
            "resnet-frn-+20",
            "resnet-frn-116",
        ] {
            let error = ResnetFrn::named(name, sizes).unwrap().unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("resnet-frn-LAYERS"), "{error}");
        }
        for (input, wrong) in
            [([3, 15, 32], "at least 16"), ([3, 32, 15], "at least 16"), ([0, 32, 32], "channels")]
        {
            let error = ResnetFrn::new(20, Sizes { input, classes: 10 }).unwrap_err().to_string();
            assert!(error.contains("resnet-frn-20") && error.contains(wrong), "{error}");
        }
        let net = network(8, [4, 16, 33], 2);
        let (weights, _) = net.init(&mut noise(0));
        assert_eq!(logits(&net, &weights, &images([1, 4, 16, 33])).size(), [1, 2]);
    }
}
