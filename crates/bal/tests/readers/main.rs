//! Every reader of files from outside on sound inputs, on these changed, and on all that made one fall.
//!
//! `cargo xtask soak fuzz` gives the same readers millions of inputs.

#[path = "../../../../fuzz/src/readers/mod.rs"]
#[allow(dead_code, unreachable_pub, reason = "the fuzzer's own parts are not used here")]
mod readers;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use readers::{READERS, Reader};
use std::{fs, path::Path};

/// One test, not one for each reader: memory is counted for the whole process.
#[test]
fn broken_files_are_refused_without_a_panic_and_without_much_memory() {
    let mut refused = Vec::new();
    for reader in READERS {
        let seeds = (reader.seeds)();
        assert!(!seeds.is_empty(), "{}", reader.name);
        for (at, seed) in seeds.iter().enumerate() {
            if !reader.read(seed) {
                refused.push(format!("{} {at}", reader.name));
            }
        }
        regressions(reader);
        for seed in &seeds {
            changed(reader, seed);
        }
        reader.read(&[]);
    }
    assert_eq!(refused, [""; 0], "seeds that are not sound");
}

/// Inputs that made the reader fall once.
fn regressions(reader: &Reader) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/regressions").join(reader.name);
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        reader.read(&bytes);
    }
}

/// The seed cut off, with bytes changed, doubled and left out, at places drawn by a fixed seed.
fn changed(reader: &Reader, seed: &[u8]) {
    const TIMES: usize = 12;
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let mut below = |bound: usize| (chance.next_u64() % bound.max(1) as u64) as usize;
    for _ in 0..TIMES {
        let place = below(seed.len());
        reader.read(&seed[..place]);
        let mut bytes = seed.to_vec();
        if let Some(byte) = bytes.get_mut(place) {
            *byte ^= 1 << below(8);
        }
        reader.read(&bytes);
        let length = below(16).min(seed.len() - place);
        bytes.drain(place..place + length);
        reader.read(&bytes);
        bytes.splice(place..place, [0xff; 8]);
        reader.read(&bytes);
    }
}
