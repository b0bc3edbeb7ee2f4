//! Philox on the device where its numbers are needed: the blocks of many streams in one launch.

use super::philox::{LANES, MULTIPLIERS, Philox, ROUNDS, UNIFORM, WEYL, WORD, blocks};
use bal_layers::keyed_normal;
use std::{f64::consts::TAU, sync::OnceLock};
use tch::{Device, Kind, Tensor};

const LOW: i64 = 0xFFFF_FFFF;

/// The keys of streams and the numbers of their next blocks on a device: `[streams, 2]`, by the bits of unsigned integers.
///
/// They are copied there once, and count on where they are.
#[derive(Debug)]
pub(super) struct Places(Tensor);

impl Places {
    pub(super) fn of(streams: &[&Philox], device: Device) -> Self {
        let places: Vec<i64> = streams.iter().flat_map(|stream| stream.place()).collect();
        Self(Tensor::from_slice(&places).reshape([-1, 2]).to_device(device))
    }

    pub(super) fn device(&self) -> Device {
        self.0.device()
    }

    fn advance(&mut self, row: i64) {
        let _ = self.0.narrow(1, 1, 1).g_add_scalar_(blocks(row as usize) as i64);
    }

    /// Standard normal numbers, `row` from each stream: `[streams, row]`.
    pub(super) fn normal(&mut self, row: i64) -> Tensor {
        let drawn = if has_reference_kernel(self.device()) {
            let mut out = Tensor::empty([self.0.size()[0], row], (Kind::Float, self.device()));
            keyed_normal(&mut out, &self.0).expect("a kernel that drew before draws again");
            out
        } else {
            composed_normal(&self.0, row)
        };
        self.advance(row);
        drawn
    }

    /// Numbers uniform in `[0, 1)`.
    pub(super) fn uniform(&mut self, row: i64) -> Tensor {
        let drawn = first(
            &(words(&self.0, row).bitwise_right_shift_tensor_scalar(8).to_kind(Kind::Float) * UNIFORM),
            row,
        );
        self.advance(row);
        drawn
    }

    /// `scale` where a word is below `threshold`, else 0.
    pub(super) fn mask(&mut self, row: i64, threshold: u64, scale: f64) -> Tensor {
        let drawn = first(&(words(&self.0, row).lt(threshold as i64).to_kind(Kind::Float) * scale), row);
        self.advance(row);
        drawn
    }
}

/// Whether `LibTorch` has a kernel for `device` that draws the numbers of [`Philox::normal`]. It is called experimental, so it is
/// asked once for a few numbers that are known; where they are others, the same numbers are composed of operators.
fn has_reference_kernel(device: Device) -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    if !device.is_cuda() {
        return false;
    }
    *FOUND.get_or_init(|| {
        // High bits in keys and blocks, and rows that end within a block.
        let keys = [7, 1 << 33 | 5, -3, -(1 << 40), i64::MAX, 1 << 62];
        let keys = Tensor::from_slice(&keys).reshape([3, 2]);
        let mut out = Tensor::zeros([3, 7], (Kind::Float, device));
        let drawn = keyed_normal(&mut out, &keys.to_device(device));
        // The kernel's logarithm is a fast one.
        let agrees = |out: &Tensor| {
            (out.to_device(Device::Cpu) - composed_normal(&keys, 7)).abs().max().double_value(&[]) < 1e-3
        };
        drawn.is_ok() && agrees(&out)
    })
}

/// The words of enough blocks for `row` numbers from each of `places`: `[streams, blocks, 4]`, integers from 0 to 2^32 - 1.
///
/// Products of two words have 64 bits, which integers of `LibTorch` keep, whatever sign they then read.
fn words(places: &Tensor, row: i64) -> Tensor {
    let high = |x: &Tensor| x.bitwise_right_shift_tensor_scalar(32).bitwise_and(LOW);
    let (key, first) = (places.narrow(1, 0, 1), places.narrow(1, 1, 1));
    let mut key = [key.bitwise_and(LOW), high(&key)];
    let block = first + Tensor::arange(blocks(row as usize) as i64, (Kind::Int64, places.device()));
    let zero = block.zeros_like();
    let mut words = [block.bitwise_and(LOW), high(&block), zero.shallow_clone(), zero];
    for _ in 0..ROUNDS {
        let [first, second] = [(0, 0), (1, 2)].map(|(m, w)| &words[w] * i64::from(MULTIPLIERS[m]));
        words = [
            high(&second).bitwise_xor_tensor(&words[1]).bitwise_xor_tensor(&key[0]),
            second.bitwise_and(LOW),
            high(&first).bitwise_xor_tensor(&words[3]).bitwise_xor_tensor(&key[1]),
            first.bitwise_and(LOW),
        ];
        key = [0, 1].map(|k| (&key[k] + i64::from(WEYL[k])).bitwise_and(LOW));
    }
    Tensor::stack(&words, -1)
}

/// What [`Philox::normal`] draws, composed of operators.
fn composed_normal(places: &Tensor, row: i64) -> Tensor {
    let u = words(places, row).to_kind(Kind::Float) * WORD + 0.5 * WORD;
    let pairs = u.reshape([u.size()[0], -1, 2]);
    let radius = (pairs.select(2, 0).log() * -2.0).sqrt();
    let angle = pairs.select(2, 1) * TAU;
    first(&Tensor::stack(&[&radius * angle.cos(), &radius * angle.sin()], -1), row)
}

/// The first `row` numbers of each stream.
fn first(blocks: &Tensor, row: i64) -> Tensor {
    let streams = blocks.size()[0];
    debug_assert_eq!(blocks.numel() as i64 % (streams.max(1) * LANES as i64), 0);
    blocks.reshape([streams, -1]).narrow(1, 0, row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NoiseKey, Purpose};
    use bal_layers::cuda;

    const KEY: NoiseKey = NoiseKey { seed: 9, purpose: Purpose::Test, sweep: 1, chain: 2 };

    fn streams() -> Vec<Philox> {
        (0..5).map(|image| Philox::new(KEY, image)).collect()
    }

    fn reference(streams: &mut [Philox], row: usize, draw: impl Fn(&mut Philox, &mut [f32])) -> Tensor {
        let mut values = vec![0.0; streams.len() * row];
        for (stream, row) in streams.iter_mut().zip(values.chunks_exact_mut(row)) {
            draw(stream, row);
        }
        Tensor::from_slice(&values).reshape([streams.len() as i64, row as i64])
    }

    /// The processor, or the device that `gpu/check.sh` names.
    fn device() -> Device {
        match std::env::var("BAL_TEST_DEVICE").ok().and_then(|name| name.strip_prefix("cuda:")?.parse().ok())
        {
            Some(number) => Device::Cuda(cuda::open(number, cuda::Rounding::Single).unwrap().number),
            None => Device::Cpu,
        }
    }

    fn on_host(x: &Tensor) -> Tensor {
        x.to_device(Device::Cpu)
    }

    /// What a device computes, computed here; with rows that end within a block, draw after draw. A kernel of the device has a
    /// fast logarithm.
    #[test]
    fn composed_of_operators_the_numbers_are_the_references() {
        let mut host = streams();
        let mut places = Places::of(&host.iter().collect::<Vec<_>>(), device());
        let kernel = has_reference_kernel(places.device());
        for row in [784, 3, 10] {
            let expected = reference(&mut host, row, Philox::uniform);
            assert_eq!(on_host(&places.uniform(row as i64)), expected);
            let expected = reference(&mut host, row, |stream, row| stream.mask(row, 1 << 31, 2.0));
            assert_eq!(on_host(&places.mask(row as i64, 1 << 31, 2.0)), expected);
            let expected = reference(&mut host, row, Philox::normal);
            let error = (on_host(&places.normal(row as i64)) - &expected).abs().max().double_value(&[]);
            assert!(error < if kernel { 1e-3 } else { 2e-6 }, "{error}");
        }
        let ends: Vec<i64> = host.iter().flat_map(Philox::place).collect();
        assert_eq!(Vec::<i64>::try_from(places.0.reshape([-1])).unwrap(), ends);
    }
}
