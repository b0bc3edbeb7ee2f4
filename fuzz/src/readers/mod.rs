//! Every reader of files from outside: what it is given, and how much memory it may take for that.
//!
//! The fuzzer runs these on what it makes up; the test `readers` of bal runs them on their seeds, on changed seeds, and on
//! every input that made one of them fall.

mod images;
mod numbers;
mod program;
mod records;
mod seeds;
mod tensors;
mod two_parts;

use peak_alloc::PeakAlloc;
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};
use tempfile::TempDir;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// A reader of bytes from outside.
pub struct Reader {
    /// Its name; that of its fuzz target.
    pub name: &'static str,
    /// Reads the bytes, and says whether they were taken. A panic is a fault, a refusal is none.
    read: fn(&Desk, &[u8]) -> bool,
    /// Sound inputs, small.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Most memory that it may take: so many bytes, and so many for each byte of the input.
    most: (usize, usize),
}

const MIB: usize = 1 << 20;

/// All of them.
pub static READERS: &[Reader] = &[
    images::IDX,
    images::IDX_PAIR,
    images::IMAGE,
    images::TABLE,
    images::CLASS_NAMES,
    images::GTSRB_ARCHIVE,
    images::GTSRB_FRAME,
    images::CIFAR_ARCHIVE,
    images::CIFAR_PICKLE,
    images::CIFAR_RECORDS,
    images::MANIFEST,
    numbers::NUMBERS,
    numbers::VALUES,
    tensors::SAFETENSORS,
    tensors::NPZ,
    tensors::NPY,
    tensors::POSTERIOR,
    tensors::TRACES,
    tensors::CHECKPOINT,
    tensors::TORCHSCRIPT,
    tensors::EXPORTED,
    records::RECORD,
    records::EVALUATION,
    records::TRANSFER,
    records::CALIBRATION,
    records::METRICS,
    records::PAGE,
    program::LOCK,
    program::EXPERIMENT,
    program::SETTING,
    program::RUN_FOLDER,
    program::SHARD,
    program::ADVERSARIAL,
];

/// Where files lie that a reader wants to open by their names.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        // In memory where the system has such a place: files come and go thousands of times a second.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self(folder.unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes the file, and the folders above it; returns its path.
    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        if std::fs::write(&path, bytes).is_err() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
        }
        path
    }
}

/// The reader that [`read`] calls.
static CHOSEN: OnceLock<&'static Reader> = OnceLock::new();

/// Chooses the reader of this process.
pub fn choose(name: &str) -> &'static Reader {
    let reader = READERS.iter().find(|reader| reader.name == name);
    CHOSEN.get_or_init(|| reader.unwrap_or_else(|| panic!("there is no reader {name}")))
}

/// Gives `bytes` to the chosen reader.
pub fn read(bytes: &[u8]) {
    CHOSEN.get().unwrap().read(bytes);
}

impl Reader {
    /// Reads `bytes`, from files where the reader wants files; returns whether they were taken.
    ///
    /// # Panics
    /// Where the reader panics, or takes more memory than it may.
    pub fn read(&self, bytes: &[u8]) -> bool {
        static DESK: OnceLock<Desk> = OnceLock::new();
        let desk = DESK.get_or_init(Desk::new);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let taken = (self.read)(desk, bytes);
        let took = MEMORY.peak_usage().saturating_sub(before);
        let (fixed, each) = self.most;
        let most = fixed + each * bytes.len();
        assert!(
            took <= most,
            "{} took {took} bytes of memory for an input of {} bytes",
            self.name,
            bytes.len()
        );
        taken
    }
}
