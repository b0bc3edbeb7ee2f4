//! Fuzz targets: every reader of files from outside, on bytes that may be anything.

pub mod readers;

/// A fuzz target that calls the reader of this name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        ::libfuzzer_sys::fuzz_target!(
            init: $crate::begin($name),
            |bytes: &[u8]| { $crate::readers::read(bytes); }
        );
    };
}

/// Names the folder that a target writes its seeds to, instead of fuzzing.
const SEEDS: &str = "BAL_FUZZ_SEEDS";

/// Chooses the reader of this process; writes its seeds and ends where that is asked for.
///
/// # Panics
/// When there is no reader of this name, or the seeds cannot be written.
pub fn begin(name: &str) {
    let reader = readers::choose(name);
    if let Some(folder) = std::env::var_os(SEEDS) {
        for (at, seed) in (reader.seeds)().iter().enumerate() {
            std::fs::write(std::path::Path::new(&folder).join(format!("seed-{at:03}")), seed).unwrap();
        }
        std::process::exit(0);
    }
}
