//! Philox4x32-10, a generator whose every number is a function of a key and of its place.

use super::NoiseKey;
use rand_chacha::rand_core::TryRng;
use sha2::{Digest, Sha256};
use std::{convert::Infallible, f32::consts::TAU};

/// What the words of a round are multiplied by.
pub(super) const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
/// What is added to the key after a round: the golden ratio and the square root of 3, less 1.
pub(super) const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
pub(super) const ROUNDS: u32 = 10;
/// Words of a block.
pub(super) const LANES: usize = 4;

/// The block of four words at `counter` under `key`.
///
/// Source: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011, section 4.3.
fn philox4x32(key: [u32; 2], counter: [u32; LANES]) -> [u32; LANES] {
    let product = |a: u32, b: u32| {
        let wide = u64::from(a) * u64::from(b);
        ((wide >> 32) as u32, wide as u32)
    };
    let (mut key, mut words) = (key, counter);
    for _ in 0..ROUNDS {
        let [(high0, low0), (high1, low1)] =
            [product(MULTIPLIERS[0], words[0]), product(MULTIPLIERS[1], words[2])];
        words = [high1 ^ words[1] ^ key[0], low1, high0 ^ words[3] ^ key[1], low0];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    words
}

/// A stream of blocks: those that follow one another in a range of 2^32 of a key.
///
/// Key and range are 96 bits of the SHA-256 of what the stream belongs to, so two streams meet with a probability of about 2^-96.
#[derive(Clone, Debug)]
pub(super) struct Philox {
    key: u64,
    /// The upper half of its blocks' numbers.
    range: u32,
    /// The lower half of the next one's.
    next: u32,
}

impl Philox {
    /// The stream of `key` with this number: 0 for a whole position, and one more than its index for an image.
    pub(super) fn new(key: NoiseKey, stream: u64) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(b"philox4x32-10\n");
        for word in [key.seed, key.purpose as u64, key.sweep, key.chain, stream] {
            hasher.update(word.to_le_bytes());
        }
        let digest = hasher.finalize();
        let word =
            |at: usize| u32::from_le_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
        Self { key: u64::from(word(0)) | u64::from(word(4)) << 32, range: word(8), next: 0 }
    }

    /// Key and number of the next block, as signed integers of the same bits.
    pub(super) fn place(&self) -> [i64; 2] {
        [self.key.cast_signed(), (u64::from(self.range) << 32 | u64::from(self.next)).cast_signed()]
    }

    /// Goes on by as many blocks as `numbers` take: the numbers of a draw begin a block.
    pub(super) fn skip(&mut self, numbers: usize) {
        self.next = self.next.wrapping_add(blocks(numbers) as u32);
    }

    fn block(&mut self) -> [u32; LANES] {
        let words = philox4x32([self.key as u32, (self.key >> 32) as u32], [self.next, self.range, 0, 0]);
        self.next = self.next.wrapping_add(1);
        words
    }

    /// Fills `row` with what `number` makes of the words.
    fn fill(&mut self, row: &mut [f32], of: impl Fn([u32; LANES]) -> [f32; LANES]) {
        for numbers in row.chunks_mut(LANES) {
            numbers.copy_from_slice(&of(self.block())[..numbers.len()]);
        }
    }

    /// Standard normal numbers.
    ///
    /// ```text
    /// (-2 log u)^1/2 (cos, sin)(2 pi v),    u, v = (word + 1/2) / 2^32 of two words
    /// ```
    ///
    /// Source: Box & Muller, Annals of Mathematical Statistics 29, 1958.
    pub(super) fn normal(&mut self, row: &mut [f32]) {
        self.fill(row, |words| {
            let [u, v, u2, v2] = words.map(above_0);
            let pair = |u: f32, v: f32| {
                let (radius, (sin, cos)) = ((-2.0 * u.ln()).sqrt(), (TAU * v).sin_cos());
                [radius * cos, radius * sin]
            };
            let ([a, b], [c, d]) = (pair(u, v), pair(u2, v2));
            [a, b, c, d]
        });
    }

    /// Numbers uniform in `[0, 1)`: the upper 24 bits of a word.
    pub(super) fn uniform(&mut self, row: &mut [f32]) {
        self.fill(row, |words| words.map(|word| (word >> 8) as f32 * UNIFORM as f32));
    }

    /// `scale` where a word is below `threshold`, else 0.
    pub(super) fn mask(&mut self, row: &mut [f32], threshold: u64, scale: f32) {
        self.fill(row, |words| words.map(|word| if u64::from(word) < threshold { scale } else { 0.0 }));
    }
}

/// How many blocks so many numbers take.
pub(super) fn blocks(numbers: usize) -> usize {
    numbers.div_ceil(LANES)
}

/// What 24 bits are multiplied by.
pub(super) const UNIFORM: f64 = 1.0 / (1 << 24) as f64;
/// What a word is multiplied by.
pub(super) const WORD: f64 = 1.0 / (1u64 << 32) as f64;

/// A word as a number in `(0, 1]`.
fn above_0(word: u32) -> f32 {
    // The product is exact, so that this rounds once.
    word as f32 * WORD as f32 + 0.5 * WORD as f32
}

/// For what is drawn number by number on the host: a block for each.
impl TryRng for Philox {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.block()[0])
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let [low, high, ..] = self.block();
        Ok(u64::from(low) | u64::from(high) << 32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4 * LANES) {
            let words = self.block().map(u32::to_le_bytes);
            chunk.copy_from_slice(&words.as_flattened()[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Purpose;

    /// The three vectors that Random123 publishes for ten rounds (`kat_vectors`, `philox4x32 10`): zeros, ones, and digits of pi.
    #[test]
    fn blocks_are_those_of_random123() {
        let vectors = [
            ([0; 2], [0; 4], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 2], [u32::MAX; 4], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0xa409_3822, 0x299f_31d0],
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (key, counter, expected) in vectors {
            assert_eq!(philox4x32(key, counter), expected);
        }
    }

    #[test]
    fn a_draw_begins_a_block_and_goes_on_after_its_last() {
        let key = NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 2, chain: 3 };
        let mut stream = Philox::new(key, 4);
        let place = stream.place();
        let (mut five, mut four) = ([0.0; 5], [0.0; 4]);
        stream.uniform(&mut five);
        assert_eq!(stream.place(), [place[0], place[1] + 2]);
        stream.uniform(&mut four);
        let mut skipped = Philox::new(key, 4);
        skipped.skip(5);
        let mut again = [0.0; 4];
        skipped.uniform(&mut again);
        assert_eq!(again.map(f32::to_bits), four.map(f32::to_bits));
    }
}
