//! What a network's output says of answers: the law that answers are drawn from.

use bal_core::NoiseStream;
use tch::{Device, Kind, Reduction, Tensor};

/// A law of answers, given what a network says.
pub trait Likelihood: Send + Sync + std::fmt::Debug {
    /// `-log p(y | outputs)` of answers y drawn from that law itself, summed over images: `[]`, up to a constant.
    ///
    /// `outputs`: `[n, outputs]`, in which it is differentiable. `noise` has a stream for each image.
    fn drawn(&self, outputs: &Tensor, noise: &mut NoiseStream) -> Tensor;
}

/// Classes with the probabilities `softmax(outputs)`.
#[derive(Clone, Copy, Debug)]
pub struct Categorical;

impl Likelihood for Categorical {
    fn drawn(&self, outputs: &Tensor, noise: &mut NoiseStream) -> Tensor {
        let labels = draw(outputs, noise);
        outputs.cross_entropy_loss::<Tensor>(&labels, None, Reduction::Sum, -100, 0.0)
    }
}

/// A class of each image, `[n]`: as many as have their cumulated probability at or below a uniform number.
fn draw(logits: &Tensor, noise: &mut NoiseStream) -> Tensor {
    let probability = logits.detach().softmax(-1, Kind::Double);
    let uniform = noise.uniform_like(&probability.narrow(1, 0, 1));
    // On a CPU: a device adds up in no fixed order.
    let cumulated = probability.to_device(Device::Cpu).cumsum(1, Kind::Double).to_device(logits.device());
    let below = cumulated.le_tensor(&uniform);
    // Rounding may leave the sum of all probabilities below a number that is nearly 1.
    below.sum_dim_intlist(1, false, Kind::Int64).clamp_max(logits.size()[1] - 1)
}

/// Values that are normal around the outputs, independent and of this variance: the square loss of a regression.
#[derive(Clone, Copy, Debug)]
pub struct Normal {
    /// s^2, in the square of the values' unit; > 0.
    pub variance: f64,
}

impl Likelihood for Normal {
    fn drawn(&self, outputs: &Tensor, noise: &mut NoiseStream) -> Tensor {
        let values = outputs.detach() + noise.normal_like(outputs) * self.variance.sqrt();
        (values - outputs).square().sum(outputs.kind()) / (2.0 * self.variance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bal_core::{NoiseKey, Purpose};

    /// False alarm below 1 in 100,000: 5 standard errors of four shares.
    #[test]
    fn labels_have_the_networks_probabilities() {
        let n = 40_000;
        let logits = Tensor::from_slice(&[0.0f32, 1.0, -2.0, 0.5]).unsqueeze(0).expand([n, 4], false);
        let key = NoiseKey { seed: 1, purpose: Purpose::Labels, sweep: 0, chain: 0 };
        let mut noise = NoiseStream::new(key).for_images(&(0..n).collect::<Vec<_>>());
        let labels = draw(&logits, &mut noise);
        let expected = Vec::<f64>::try_from(logits.get(0).softmax(-1, Kind::Double)).unwrap();
        for (class, p) in expected.into_iter().enumerate() {
            let share = labels.eq(class as i64).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
            assert!((share - p).abs() < 5.0 * (p * (1.0 - p) / n as f64).sqrt(), "{class}: {share}, {p}");
        }
    }
}
