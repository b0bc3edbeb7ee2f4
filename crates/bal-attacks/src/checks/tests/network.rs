//! A small convolutional network, trained on MNIST in seconds.

use crate::{Ascent, Ball, FixedAttack, LossName, Norm, Pgd, StepSize, Within};
use bal_core::{
    Batch, Classifier, ClassifierError, EnsembleGradient, Images, NoiseKey, NoiseStream, Prediction, Purpose,
    Replicate, Shared,
};
use std::{path::Path, sync::OnceLock};
use tch::{Device, Kind, Reduction, TchError, Tensor};

/// Two convolutions and a linear layer.
#[derive(Debug)]
pub(super) struct Network {
    weights: Vec<Tensor>,
}

/// Images to train and to test on.
pub(super) struct Digits {
    pub(super) train: Images,
    pub(super) test: Images,
}

const SHAPES: [&[i64]; 6] = [&[8, 1, 5, 5], &[8], &[16, 8, 5, 5], &[16], &[10, 784], &[10]];
const STEPS: u64 = 300;
const BATCH: i64 = 64;

impl Network {
    /// Trained on clean images.
    pub(super) fn ordinary() -> Self {
        static WEIGHTS: OnceLock<Shared<Vec<Tensor>>> = OnceLock::new();
        Self { weights: WEIGHTS.get_or_init(|| Shared::new(Self::trained(None).weights)).replica() }
    }

    /// Trained on images that PGD changed.
    pub(super) fn robust() -> Self {
        static WEIGHTS: OnceLock<Shared<Vec<Tensor>>> = OnceLock::new();
        let ascent = Ascent {
            steps: 3,
            step_size: StepSize::RadiusOver(2.0),
            loss: LossName::CrossEntropy,
            ensemble_gradient: EnsembleGradient::Predictive,
        };
        let pgd = Within::new(Ball::new(Norm::LInf, 0.2).unwrap(), Pgd::new(ascent, 1).unwrap());
        Self { weights: WEIGHTS.get_or_init(|| Shared::new(Self::trained(Some(&pgd)).weights)).replica() }
    }

    pub(super) fn logits(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let [conv1, bias1, conv2, bias2, fc, bias] = &self.weights[..] else { unreachable!("six weights") };
        let conv = |x: &Tensor, w: &Tensor, b: &Tensor| {
            x.f_conv2d(w, Some(b), [2i64, 2].as_slice(), [2i64, 2].as_slice(), [1i64, 1].as_slice(), 1)?
                .f_relu()
        };
        let h = conv(&conv(x, conv1, bias1)?, conv2, bias2)?;
        h.f_flatten(1, -1)?.f_linear(fc, Some(bias))
    }

    /// Momentum on the cross-entropy, of images as they are or as `attack` changes them.
    fn trained(attack: Option<&dyn FixedAttack>) -> Self {
        tch::set_num_threads(1);
        let stream = |sweep| NoiseStream::new(NoiseKey { seed: 11, purpose: Purpose::Test, sweep, chain: 0 });
        let mut noise = stream(0);
        let init = |shape: &&[i64]| {
            let fan_in = shape[1..].iter().product::<i64>().max(16) as f64;
            noise.normal_like(&Tensor::zeros(*shape, (Kind::Float, Device::Cpu))) / fan_in.sqrt()
        };
        let mut network = Self { weights: SHAPES.iter().map(init).collect() };
        let mut velocity: Vec<Tensor> = network.weights.iter().map(Tensor::zeros_like).collect();
        for step in 0..STEPS {
            let first = step as i64 * BATCH;
            let numbers: Vec<i64> = (first..first + BATCH).collect();
            let Batch { x, targets, indices } = digits().train.batch(&numbers);
            let x = match attack {
                Some(attack) => {
                    let batch = Batch { x, targets: targets.replicate(), indices };
                    attack.perturb(&network, &batch, &stream(1 + step)).unwrap()
                }
                None => x,
            };
            let leaves: Vec<Tensor> =
                network.weights.iter().map(|w| w.detach().set_requires_grad(true)).collect();
            let leaf = Self { weights: leaves };
            let y = targets.classes().unwrap();
            let loss =
                leaf.logits(&x).unwrap().cross_entropy_loss::<Tensor>(y, None, Reduction::Mean, -100, 0.0);
            let gradients = Tensor::run_backward(&[loss], &leaf.weights, false, false);
            for ((w, v), g) in network.weights.iter_mut().zip(&mut velocity).zip(&gradients) {
                *v = &*v * 0.9 + g;
                *w = &*w - &*v * 0.03;
            }
        }
        network
    }
}

impl Classifier for Network {
    fn classes(&self) -> i64 {
        10
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let logits = self.logits(x).map_err(|source| ClassifierError::Refused { shape: x.size(), source })?;
        Ok(logits.unsqueeze(0))
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanProbability
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(Self { weights: self.weights.replicate() })
    }
}

/// MNIST, as it is in the repository.
pub(super) fn digits() -> Digits {
    static DIGITS: OnceLock<Shared<Vec<Images>>> = OnceLock::new();
    let load = || {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
        let data = bal_data::load("mnist".parse().unwrap(), &folder).unwrap();
        let images = |split: &bal_data::Split, count: i64| {
            let bytes = Tensor::from_slice(split.images.as_slice().unwrap());
            let pixels = bytes.reshape([-1, 1, 28, 28]).narrow(0, 0, count).copy();
            let labels = split.labels.iter().map(|&label| i64::from(label)).collect::<Vec<_>>();
            let labels = Tensor::from_slice(&labels).narrow(0, 0, count);
            Images::new(pixels, &labels, Device::Cpu).unwrap()
        };
        Shared::new(vec![images(&data.train, STEPS as i64 * BATCH), images(&data.test, 200)])
    };
    let mut both = DIGITS.get_or_init(load).replica();
    let test = both.pop().unwrap();
    Digits { train: both.pop().unwrap(), test }
}
