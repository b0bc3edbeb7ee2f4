//! A task small enough for tests: a linear network on a few made-up images.

use bal_core::{
    Architecture, Forward, Images, Mode, NoiseGenerator, NoiseKey, NoiseStream, Position, Purpose, Tap,
    Tapped, Task, TaskNetwork, TensorSpec, Workers,
};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// Logits `W x + b` of 2x2 images, with dropout on the pixels in training.
#[derive(Debug)]
pub(crate) struct Linear;

impl Architecture for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn classes(&self) -> i64 {
        3
    }

    fn input(&self) -> [i64; 3] {
        [1, 2, 2]
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        vec![TensorSpec::new("weight", &[3, 4]), TensorSpec::new("bias", &[3])]
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        let draw = |spec: TensorSpec| noise.normal_like(&zeros(&spec.shape));
        (Position::new(self.parameters().into_iter().map(draw).collect()), Position::new(vec![]))
    }

    fn forward(&self, parameters: &Position, _: &Position, x: &Tensor, mode: Mode) -> Forward {
        let [weight, bias] = parameters.tensors() else { panic!("two weights") };
        let x = x.flatten(1, -1);
        let x = match mode {
            Mode::Evaluate => x,
            Mode::Train { masks } => &x * masks.dropout_mask(&x, 0.5),
        };
        Forward { logits: x.linear(weight, Some(bias)), buffers: None }
    }

    fn taps(&self, parameters: &Position, _: &Position, x: &Tensor) -> Option<Tapped> {
        let [weight, bias] = parameters.tensors() else { panic!("two weights") };
        let x = x.flatten(1, -1);
        let logits = x.linear(weight, Some(bias));
        Some(Tapped { taps: vec![Tap::dense(0, &x, &logits)], logits })
    }
}

pub(crate) fn zeros(size: &[i64]) -> Tensor {
    Tensor::zeros(size, (Kind::Float, Device::Cpu))
}

pub(crate) fn noise(chain: u64) -> NoiseStream {
    NoiseStream::new(NoiseKey { seed: 3, purpose: Purpose::Test, sweep: 0, chain })
}

/// `n` images whose class is the brightest of the first three pixels.
pub(crate) fn images(n: i64) -> Images {
    let x = noise(1).uniform_like(&zeros(&[n, 1, 2, 2]));
    let y = x.flatten(1, -1).narrow(1, 0, 3).argmax(1, false);
    Images::new(x, &y, Device::Cpu).unwrap()
}

pub(crate) fn task<'a>(images: &'a Images, held_out: &'a Images, workers: &'a Workers) -> Task<'a> {
    let networks = vec![TaskNetwork::new(Arc::new(Linear))];
    Task { networks, images, held_out, seed: 5, generator: NoiseGenerator::ChaCha8, workers, resume: None }
}
