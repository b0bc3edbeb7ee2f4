//! Every random number of training and attacks.

mod on_device;
mod philox;

use on_device::Places;
use philox::Philox;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rand_distr::{Distribution, Gamma, StandardNormal, StandardUniform};
use std::sync::Mutex;
use tch::{Device, Tensor};

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

/// What makes numbers of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoiseGenerator {
    /// `ChaCha8`, on the host; normal numbers by a ziggurat. A stream has a state, so numbers are made one after another.
    #[default]
    ChaCha8,
    /// Philox4x32-10; normal numbers by Box and Muller. A number is a function of its key and place: a CUDA device makes those of
    /// all streams at once, of the same integers as the host. Normal numbers agree to rounding.
    Philox,
}

/// A reproducible stream of random numbers, or one such stream per image.
///
/// Keyed by (seed, purpose, sweep, chain); its stream number is 0 for a whole position and
/// one more than the image's index for an image. Two runs that ask for the same key get the same
/// numbers, whatever was drawn before, by whom and on how many threads. So a chain gives the same
/// numbers alone, among others and after resuming.
#[derive(Debug)]
pub struct NoiseStream {
    generator: NoiseGenerator,
    key: NoiseKey,
    streams: Vec<Stream>,
    /// Where the streams are on a device, after a first draw there; behind a lock, which nobody else holds, so that threads may
    /// share what they do not draw from.
    places: Mutex<Option<Places>>,
}

impl Clone for NoiseStream {
    fn clone(&self) -> Self {
        Self::of(self.generator, self.key, self.streams.clone())
    }
}

impl NoiseStream {
    fn of(generator: NoiseGenerator, key: NoiseKey, streams: Vec<Stream>) -> Self {
        Self { generator, key, streams, places: Mutex::default() }
    }

    /// One stream for all coordinates of a position, of [`NoiseGenerator::ChaCha8`].
    pub fn new(key: NoiseKey) -> Self {
        Self::by(NoiseGenerator::ChaCha8, key)
    }

    /// One stream for all coordinates of a position, of this generator.
    pub fn by(generator: NoiseGenerator, key: NoiseKey) -> Self {
        Self::of(generator, key, vec![Stream::new(generator, key, 0)])
    }

    /// The same key's streams for single images: row i of what is drawn belongs to `indices[i]`.
    #[must_use]
    pub fn for_images(&self, indices: &[i64]) -> Self {
        let stream = |&image: &i64| Stream::new(self.generator, self.key, image as u64 + 1);
        Self::of(self.generator, self.key, indices.iter().map(stream).collect())
    }

    /// The same stream of another chain, restart or step.
    #[must_use]
    pub fn for_chain(&self, chain: u64) -> Self {
        Self::by(self.generator, NoiseKey { chain, ..self.key })
    }

    /// No stream: for an energy that draws nothing. To draw from it is a bug.
    pub fn silent() -> Self {
        let key = NoiseKey { seed: 0, purpose: Purpose::Test, sweep: 0, chain: 0 };
        Self::of(NoiseGenerator::ChaCha8, key, vec![])
    }

    /// Takes the first streams of single images away, `rows[i]` of them for piece i. [`Self::join`] gives them back.
    ///
    /// # Panics
    /// When there are fewer.
    pub fn cut(&mut self, rows: impl IntoIterator<Item = usize>) -> Vec<Self> {
        self.come_back();
        let mut piece = |rows| Self::of(self.generator, self.key, self.streams.drain(..rows).collect());
        rows.into_iter().map(&mut piece).collect()
    }

    /// Puts the streams of `pieces` after those that are there.
    pub fn join(&mut self, pieces: impl IntoIterator<Item = Self>) {
        self.come_back();
        for piece in pieces {
            if self.streams.is_empty() {
                (self.generator, self.key) = (piece.generator, piece.key);
            }
            self.streams.extend(piece.streams);
        }
    }

    /// How many streams there are: 1 for a whole position, or one for each image.
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Standard normal numbers, shaped as `like` and on its device.
    pub fn normal_like(&mut self, like: &Tensor) -> Tensor {
        self.fill(like, Numbers::Normal)
    }

    /// Numbers uniform in `[0, 1)`, shaped as `like` and on its device.
    pub fn uniform_like(&mut self, like: &Tensor) -> Tensor {
        self.fill(like, Numbers::Uniform)
    }

    /// A dropout mask shaped as `like`: `1 / keep` with probability `keep`, else 0.
    ///
    /// `keep` in `(0, 1]` is met to within `2^-16`, and by Philox to within `2^-32`.
    pub fn dropout_mask(&mut self, like: &Tensor, keep: f64) -> Tensor {
        self.fill(like, Numbers::Mask { keep })
    }

    /// A number of the standard Gamma distribution for each shape: density `x^(shape - 1) exp(-x)`. In double precision, all
    /// from the first stream.
    ///
    /// # Panics
    /// When a shape is not finite and above 0, or there is no stream.
    pub fn gamma(&mut self, shapes: &[f64]) -> Vec<f64> {
        self.come_back();
        match self.streams.first_mut().expect("noise for an energy that was said to draw none") {
            Stream::ChaCha8(rng) => gamma(shapes, rng),
            Stream::Philox(rng) => gamma(shapes, rng),
        }
    }

    /// The numbers `0..n` in random order.
    pub fn permutation(&mut self, n: i64) -> Vec<i64> {
        self.come_back();
        let mut order: Vec<i64> = (0..n).collect();
        match &mut self.streams[0] {
            Stream::ChaCha8(rng) => order.shuffle(rng),
            Stream::Philox(rng) => order.shuffle(rng),
        }
        order
    }

    /// Fills a tensor like `like` row by row, each row from its own stream where there are several.
    ///
    /// # Panics
    /// When there are streams for single images and `like` has another number of rows, or when there is no stream.
    fn fill(&mut self, like: &Tensor, numbers: Numbers) -> Tensor {
        assert!(!self.streams.is_empty(), "noise for an energy that was said to draw none");
        let row = like.numel() / self.streams.len();
        assert_eq!(row * self.streams.len(), like.numel(), "one stream per image");
        if let Some(drawn) = self.drawn_on(like.device(), row, numbers) {
            return drawn.reshape(like.size()).to_kind(like.kind());
        }
        let (mut values, mut bytes) = (vec![0f32; like.numel()], Vec::new());
        if row > 0 {
            for (stream, row) in self.streams.iter_mut().zip(values.chunks_exact_mut(row)) {
                stream.fill(row, numbers, &mut bytes);
            }
        }
        Tensor::from_slice(&values).reshape(like.size()).to_device(like.device()).to_kind(like.kind())
    }

    /// `row` numbers of each stream drawn on a CUDA device, `[streams, row]`, where its generator can.
    fn drawn_on(&mut self, device: Device, row: usize, numbers: Numbers) -> Option<Tensor> {
        if !device.is_cuda() || self.generator != NoiseGenerator::Philox || row == 0 {
            self.come_back();
            return None;
        }
        let mut streams: Vec<&mut Philox> = self.streams.iter_mut().filter_map(Stream::philox).collect();
        let places = self.places.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        if places.as_ref().is_none_or(|places| places.device() != device) {
            *places = Some(Places::of(&streams.iter().map(|stream| &**stream).collect::<Vec<_>>(), device));
        }
        for stream in &mut streams {
            stream.skip(row);
        }
        let (places, row) = (places.as_mut()?, row as i64);
        Some(match numbers {
            Numbers::Normal => places.normal(row),
            Numbers::Uniform => places.uniform(row),
            Numbers::Mask { keep } => places.mask(row, philox_threshold(keep), 1.0 / keep),
        })
    }

    /// Forgets where the streams are on a device: they are about to be drawn from on the host, or to become others.
    fn come_back(&mut self) {
        self.places = Mutex::default();
    }
}

/// What is drawn.
#[derive(Clone, Copy)]
enum Numbers {
    Normal,
    Uniform,
    /// `1 / keep` with probability `keep`, else 0.
    Mask {
        keep: f64,
    },
}

/// A stream of one image, or of a whole position.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "the streams of a batch are all of one kind")]
enum Stream {
    ChaCha8(ChaCha8Rng),
    Philox(Philox),
}

impl Stream {
    fn new(generator: NoiseGenerator, key: NoiseKey, stream: u64) -> Self {
        match generator {
            NoiseGenerator::ChaCha8 => Self::ChaCha8(chacha8(key, stream)),
            NoiseGenerator::Philox => Self::Philox(Philox::new(key, stream)),
        }
    }

    fn philox(&mut self) -> Option<&mut Philox> {
        match self {
            Self::ChaCha8(_) => None,
            Self::Philox(stream) => Some(stream),
        }
    }

    /// Fills `row`; `bytes` is room.
    fn fill(&mut self, row: &mut [f32], numbers: Numbers, bytes: &mut Vec<u8>) {
        match (self, numbers) {
            (Self::ChaCha8(rng), Numbers::Normal) => row.fill_with(|| StandardNormal.sample(rng)),
            (Self::ChaCha8(rng), Numbers::Uniform) => row.fill_with(|| StandardUniform.sample(rng)),
            (Self::ChaCha8(rng), Numbers::Mask { keep }) => chacha8_mask(rng, row, keep, bytes),
            (Self::Philox(stream), Numbers::Normal) => stream.normal(row),
            (Self::Philox(stream), Numbers::Uniform) => stream.uniform(row),
            (Self::Philox(stream), Numbers::Mask { keep }) => {
                stream.mask(row, philox_threshold(keep), (1.0 / keep) as f32);
            }
        }
    }
}

/// Two bytes for each number of a mask.
fn chacha8_mask(rng: &mut ChaCha8Rng, row: &mut [f32], keep: f64, bytes: &mut Vec<u8>) {
    let threshold = (keep * 65536.0).round() as u32;
    let scale = (1.0 / keep) as f32;
    bytes.resize(2 * row.len(), 0);
    rng.fill_bytes(bytes);
    for (value, pair) in row.iter_mut().zip(bytes.chunks_exact(2)) {
        let draw = u32::from(u16::from_le_bytes([pair[0], pair[1]]));
        *value = if draw < threshold { scale } else { 0.0 };
    }
}

/// Words below this are kept.
fn philox_threshold(keep: f64) -> u64 {
    (keep / philox::WORD).round() as u64
}

fn gamma(shapes: &[f64], rng: &mut impl Rng) -> Vec<f64> {
    let mut draw = |&shape: &f64| Gamma::new(shape, 1.0).expect("a shape above 0").sample(rng);
    shapes.iter().map(&mut draw).collect()
}

fn chacha8(key: NoiseKey, stream: u64) -> ChaCha8Rng {
    let mut seed = [0u8; 32];
    for (bytes, word) in seed.chunks_exact_mut(8).zip([key.seed, key.purpose as u64, key.sweep, key.chain]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let mut rng = ChaCha8Rng::from_seed(seed);
    rng.set_stream(stream);
    rng
}

#[cfg(test)]
mod tests;
