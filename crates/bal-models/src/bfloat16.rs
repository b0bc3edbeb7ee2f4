//! Networks computed in bfloat16.

use crate::ModelError;
use bal_core::{Architecture, Forward, Mode, NoiseStream, Position, Role, TensorSpec};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

/// The same network with its passes in bfloat16: weights and images are rounded on the way in, logits
/// are floats again.
///
/// Weights, images, their gradients, kernels' memory and noise stay in fp32: rounding costs the
/// passes about 2^-8 of a value, and never what chains add up over many small steps.
#[derive(Debug)]
pub struct Bfloat16(Arc<dyn Architecture>);

impl Bfloat16 {
    /// `network` in bfloat16 on `device`.
    ///
    /// # Errors
    /// [`ModelError::Bfloat16`] on a CPU without instructions for it, where `LibTorch` would
    /// imitate it.
    pub fn new(network: Arc<dyn Architecture>, device: Device) -> Result<Self, ModelError> {
        if device == Device::Cpu && !cpu_has_bfloat16() {
            return Err(ModelError::Bfloat16);
        }
        Ok(Self(network))
    }
}

fn cpu_has_bfloat16() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512bf16");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("bf16");
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    false
}

fn rounded(position: &Position) -> Position {
    Position::of_leaves(position.tensors().iter().map(|t| t.to_kind(Kind::BFloat16)).collect())
}

impl Architecture for Bfloat16 {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn classes(&self) -> i64 {
        self.0.classes()
    }

    fn input(&self) -> [i64; 3] {
        self.0.input()
    }

    fn role(&self) -> Role {
        self.0.role()
    }

    fn parameters(&self) -> Vec<TensorSpec> {
        self.0.parameters()
    }

    fn buffers(&self) -> Vec<TensorSpec> {
        self.0.buffers()
    }

    fn batch_momentum(&self) -> Option<f64> {
        self.0.batch_momentum()
    }

    fn unrepeatable_on_cuda(&self) -> Option<&'static str> {
        self.0.unrepeatable_on_cuda()
    }

    fn init(&self, noise: &mut NoiseStream) -> (Position, Position) {
        self.0.init(noise)
    }

    /// Buffers are passed on as they are: batch statistics are kept in fp32.
    fn forward(&self, parameters: &Position, buffers: &Position, x: &Tensor, mode: Mode) -> Forward {
        let Forward { logits, buffers } =
            self.0.forward(&rounded(parameters), buffers, &x.to_kind(Kind::BFloat16), mode);
        Forward { logits: logits.to_kind(Kind::Float), buffers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cnn;
    use bal_core::{NoiseKey, Purpose};

    fn noise(chain: u64) -> NoiseStream {
        NoiseStream::new(NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain })
    }

    /// Logits of 8 images, and the gradients of their first column's sum in weights and images.
    fn passes(network: &dyn Architecture, train: bool) -> Vec<Tensor> {
        let (weights, buffers) = network.init(&mut noise(0));
        let x = noise(9).uniform_like(&Tensor::zeros([8, 1, 28, 28], (Kind::Float, Device::Cpu)));
        let leaf = |t: &Tensor| t.copy().set_requires_grad(true);
        let leaves: Vec<Tensor> = weights.tensors().iter().chain([&x]).map(leaf).collect();
        let weights = Position::of_leaves(leaves[..8].iter().map(Tensor::shallow_clone).collect());
        let mut masks = noise(3).for_images(&[0, 1, 2, 3, 4, 5, 6, 7]);
        let mode = if train { Mode::Train { masks: &mut masks } } else { Mode::Evaluate };
        let logits = network.forward(&weights, &buffers, &leaves[8], mode).logits;
        let mut all = Tensor::run_backward(&[logits.select(1, 0).sum(Kind::Float)], &leaves, false, false);
        all.push(logits.detach());
        all
    }

    #[test]
    fn logits_and_gradients_are_those_of_single_precision_up_to_rounding() {
        let (single, half) = (Cnn::mnist(), Bfloat16(Arc::new(Cnn::mnist())));
        for train in [false, true] {
            let (mut got, mut expected) = (passes(&half, train), passes(&single, train));
            let (logits, expected_logits) = (got.pop().unwrap(), expected.pop().unwrap());
            let size = |t: &Tensor| t.norm().double_value(&[]);
            // A handful of roundings to 8 bits.
            assert!(size(&(&logits - &expected_logits)) <= 2.0_f64.powi(-6) * size(&expected_logits));
            for (got, expected) in got.iter().zip(&expected) {
                assert_eq!((got.kind(), got.size()), (Kind::Float, expected.size()));
                // Where two pixels of a window are close, rounding moves the maximum, and its gradient with it:
                // gradients are off by more than rounding, and still point the same way.
                let cosine =
                    (got * expected).sum(Kind::Double).double_value(&[]) / (size(got) * size(expected));
                assert!(cosine >= 0.98, "cosine {cosine}");
            }
        }
    }

    #[test]
    fn a_cpu_without_it_is_refused_in_words() {
        match Bfloat16::new(Arc::new(Cnn::mnist()), Device::Cpu) {
            Ok(network) => assert!(cpu_has_bfloat16() && network.name() == "cnn"),
            Err(error) => {
                assert!(!cpu_has_bfloat16());
                assert!(error.to_string().contains("precision = \"fp32\""), "{error}");
            }
        }
    }
}
