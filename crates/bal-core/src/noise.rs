//! Every random number of training and attacks.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, Gamma, StandardNormal, StandardUniform};
use tch::Tensor;

/// What a stream of noise is used for. Streams of different purposes never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights.
    Initialisation = 1,
    /// The order of the training images in an epoch.
    Shuffle = 2,
    /// Langevin noise of data chains.
    Data = 3,
    /// Langevin noise of parameter chains, and draws of weights from a Gaussian.
    Parameters = 4,
    /// Dropout masks.
    Dropout = 5,
    /// Random starts of attacks while training.
    Attack = 6,
    /// Random starts of attacks while evaluating.
    Evaluation = 7,
    /// Which images an evaluation takes.
    Sample = 8,
    /// Tests and examples.
    Test = 9,
    /// Which network an attack in training runs on.
    Source = 10,
    /// Hyperparameters of a prior.
    Hyper = 11,
    /// Labels drawn from a network's own prediction.
    Labels = 12,
    /// Initial weights of the network that judges a generator's images.
    Discriminator = 13,
}

/// What a stream of noise belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NoiseKey {
    /// The run's seed.
    pub seed: u64,
    /// What the numbers are for.
    pub purpose: Purpose,
    /// The sweep, batch or epoch in which they are drawn.
    pub sweep: u64,
    /// The chain, restart or step for which they are drawn.
    pub chain: u64,
}

/// A reproducible stream of random numbers, or one such stream per image.
///
/// `ChaCha8` keyed by (seed, purpose, sweep, chain); its stream number is 0 for a whole position and
/// one more than the image's index for an image. Two runs that ask for the same key get the same
/// numbers, whatever was drawn before, by whom and on how many threads. So a chain gives the same
/// numbers alone, among others and after resuming.
#[derive(Clone, Debug)]
pub struct NoiseStream {
    key: NoiseKey,
    streams: Vec<ChaCha8Rng>,
}

impl NoiseStream {
    /// One stream for all coordinates of a position.
    pub fn new(key: NoiseKey) -> Self {
        Self { key, streams: vec![generator(key, 0)] }
    }

    /// The same key's streams for single images: row i of what is drawn belongs to `indices[i]`.
    #[must_use]
    pub fn for_images(&self, indices: &[i64]) -> Self {
        let streams = indices.iter().map(|&image| generator(self.key, image as u64 + 1)).collect();
        Self { key: self.key, streams }
    }

    /// The same stream of another chain, restart or step.
    #[must_use]
    pub fn for_chain(&self, chain: u64) -> Self {
        Self::new(NoiseKey { chain, ..self.key })
    }

    /// No stream: for an energy that draws nothing. To draw from it is a bug.
    pub fn silent() -> Self {
        let key = NoiseKey { seed: 0, purpose: Purpose::Test, sweep: 0, chain: 0 };
        Self { key, streams: vec![] }
    }

    /// Takes the first streams of single images away, `rows[i]` of them for piece i. [`Self::join`] gives them back.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn cut(&mut self, rows: impl IntoIterator<Item = usize>) -> Vec<Self> {
        let mut piece = |rows| Self { key: self.key, streams: self.streams.drain(..rows).collect() };
        rows.into_iter().map(&mut piece).collect()
    }

    /// Puts the streams of `pieces` after those that are there.
    pub fn join(&mut self, pieces: impl IntoIterator<Item = Self>) {
        self.streams.extend(pieces.into_iter().flat_map(|piece| piece.streams));
    }

    /// Standard normal numbers, shaped as `like` and on its device.
    pub fn normal_like(&mut self, like: &Tensor) -> Tensor {
        self.fill(like, |rng, row| row.fill_with(|| StandardNormal.sample(rng)))
    }

    /// Numbers uniform in `[0, 1)`, shaped as `like` and on its device.
    pub fn uniform_like(&mut self, like: &Tensor) -> Tensor {
        self.fill(like, |rng, row| row.fill_with(|| StandardUniform.sample(rng)))
    }

    /// A dropout mask shaped as `like`: `1 / keep` with probability `keep`, else 0.
    ///
    /// `keep` in `(0, 1]` is met to within `2^-16`.
    pub fn dropout_mask(&mut self, like: &Tensor, keep: f64) -> Tensor {
        let threshold = (keep * 65536.0).round() as u32;
        let scale = (1.0 / keep) as f32;
        let mut bytes = Vec::new();
        self.fill(like, |rng, row| {
            bytes.resize(2 * row.len(), 0);
            rng.fill_bytes(&mut bytes);
            for (value, pair) in row.iter_mut().zip(bytes.chunks_exact(2)) {
                let draw = u32::from(u16::from_le_bytes([pair[0], pair[1]]));
                *value = if draw < threshold { scale } else { 0.0 };
            }
        })
    }

    /// A number of the standard Gamma distribution for each shape: density `x^(shape - 1) exp(-x)`. In double precision, all
    /// from the first stream.
    ///
    /// # Panics
    /// When a shape is not finite and above 0, or there is no stream.
    pub fn gamma(&mut self, shapes: &[f64]) -> Vec<f64> {
        let rng = self.streams.first_mut().expect("noise for an energy that was said to draw none");
        let mut draw = |&shape: &f64| Gamma::new(shape, 1.0).expect("a shape above 0").sample(rng);
        shapes.iter().map(&mut draw).collect()
    }

    /// The numbers `0..n` in random order.
    pub fn permutation(&mut self, n: i64) -> Vec<i64> {
        let mut order: Vec<i64> = (0..n).collect();
        order.shuffle(&mut self.streams[0]);
        order
    }

    /// Fills a tensor like `like` row by row, each row from its own stream where there are several.
    ///
    /// # Panics
    /// When there are streams for single images and `like` has another number of rows, or when there is no stream.
    fn fill(&mut self, like: &Tensor, mut draw: impl FnMut(&mut ChaCha8Rng, &mut [f32])) -> Tensor {
        let mut values = vec![0f32; like.numel()];
        assert!(!self.streams.is_empty(), "noise for an energy that was said to draw none");
        let row = values.len() / self.streams.len();
        assert_eq!(row * self.streams.len(), values.len(), "one stream per image");
        if row > 0 {
            for (rng, row) in self.streams.iter_mut().zip(values.chunks_exact_mut(row)) {
                draw(rng, row);
            }
        }
        Tensor::from_slice(&values).reshape(like.size()).to_device(like.device()).to_kind(like.kind())
    }
}

fn generator(key: NoiseKey, stream: u64) -> ChaCha8Rng {
    let mut seed = [0u8; 32];
    for (bytes, word) in seed.chunks_exact_mut(8).zip([key.seed, key.purpose as u64, key.sweep, key.chain]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let mut rng = ChaCha8Rng::from_seed(seed);
    rng.set_stream(stream);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    const KEY: NoiseKey = NoiseKey { seed: 7, purpose: Purpose::Test, sweep: 3, chain: 1 };

    fn zeros(size: &[i64]) -> Tensor {
        Tensor::zeros(size, (Kind::Float, Device::Cpu))
    }

    #[test]
    fn an_image_gets_the_same_noise_alone_and_among_others() {
        let among = NoiseStream::new(KEY).for_images(&[5, 9, 2]).normal_like(&zeros(&[3, 1, 4, 4]));
        let alone = NoiseStream::new(KEY).for_images(&[9]).normal_like(&zeros(&[1, 1, 4, 4]));
        assert_eq!(among.get(1), alone.get(0));
        assert_ne!(among.get(0), among.get(1));
    }

    /// Mean and variance are both the shape; each is seen over 40,000 numbers.
    ///
    /// False alarms: 6 numbers at 5 standard errors, 1 in 290,000.
    #[test]
    fn gamma_numbers_have_the_moments_of_their_shape() {
        let n = 40_000;
        for shape in [0.3, 2.0, 5e4] {
            let draws = NoiseStream::new(KEY).gamma(&vec![shape; n]);
            let mean = draws.iter().sum::<f64>() / n as f64;
            let variance = draws.iter().map(|x| (x - shape).powi(2)).sum::<f64>() / n as f64;
            assert!((mean - shape).abs() < 5.0 * (shape / n as f64).sqrt(), "{shape}: {mean}");
            // The fourth central moment is 3 shape^2 + 6 shape.
            let error = ((2.0 * shape * shape + 6.0 * shape) / n as f64).sqrt();
            assert!((variance - shape).abs() < 5.0 * error, "{shape}: {variance}");
        }
        let mut one_by_one = NoiseStream::new(KEY);
        let mut apart = one_by_one.gamma(&[0.3]);
        apart.extend(one_by_one.gamma(&[2.0]));
        assert_eq!(apart, NoiseStream::new(KEY).gamma(&[0.3, 2.0]));
    }

    #[test]
    fn streams_that_are_cut_and_joined_go_on_as_if_they_had_stayed_together() {
        let draw = |noise: &mut NoiseStream, n| noise.normal_like(&zeros(&[n, 2, 2]));
        let mut together = NoiseStream::new(KEY).for_images(&[5, 9, 2]);
        let mut apart = together.clone();
        let mut pieces = apart.cut([2, 1]);
        let first = Tensor::cat(&[draw(&mut pieces[0], 2), draw(&mut pieces[1], 1)], 0);
        assert_eq!(first, draw(&mut together, 3));
        apart.join(pieces);
        assert_eq!(draw(&mut apart, 3), draw(&mut together, 3));
    }

    #[test]
    #[should_panic(expected = "said to draw none")]
    fn silence_draws_nothing() {
        let _ = NoiseStream::silent().normal_like(&zeros(&[1]));
    }

    #[test]
    fn every_part_of_the_key_matters() {
        let keys = [
            KEY,
            NoiseKey { seed: 8, ..KEY },
            NoiseKey { purpose: Purpose::Data, ..KEY },
            NoiseKey { sweep: 4, ..KEY },
            NoiseKey { chain: 2, ..KEY },
        ];
        let draws: Vec<Tensor> =
            keys.iter().map(|&k| NoiseStream::new(k).normal_like(&zeros(&[8]))).collect();
        for (i, a) in draws.iter().enumerate() {
            for b in &draws[..i] {
                assert_ne!(a, b);
            }
        }
    }

    /// False alarms: each bound is 5 standard errors, together below 1 in 100,000.
    #[test]
    fn normals_have_the_moments_of_a_standard_normal() {
        let n = 400_000;
        let x = NoiseStream::new(KEY).normal_like(&zeros(&[n])).to_kind(Kind::Double);
        let moment = |k: f64| x.pow_tensor_scalar(k).mean(Kind::Double).double_value(&[]);
        let se = |variance: f64| 5.0 * (variance / n as f64).sqrt();
        assert!(moment(1.0).abs() < se(1.0));
        assert!((moment(2.0) - 1.0).abs() < se(2.0));
        assert!((moment(4.0) - 3.0).abs() < se(96.0));
    }

    /// False alarm below 1 in 1,000,000 (5 standard errors).
    #[test]
    fn a_dropout_mask_keeps_its_share_and_its_mean() {
        for keep in [0.5, 0.9, 1.0] {
            let mask = NoiseStream::new(KEY).dropout_mask(&zeros(&[100_000]), keep);
            let kept = mask.gt(0.0).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
            assert!((kept - keep).abs() <= 5.0 * (keep * (1.0 - keep) / 1e5).sqrt());
            assert!((mask.max().double_value(&[]) - 1.0 / keep).abs() < 1e-6);
        }
    }

    #[test]
    fn a_permutation_is_one() {
        let mut order = NoiseStream::new(KEY).permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
