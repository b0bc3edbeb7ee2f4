//! A small data set and small experiments, in a folder of their own.

use flate2::{Compression, write::GzEncoder};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A folder with `mnist/` of a few images and an experiment.
pub(crate) struct Small(tempfile::TempDir);

/// Training and test images in it.
pub(crate) const TRAIN: usize = 300;
pub(crate) const TEST: usize = 40;

/// Two chains, two steps: seconds, and every part of the method at work.
pub(crate) const BAL: &str = r#"
name = "small"
preset = "exact"
dataset = "mnist"
architecture = "cnn"
precision = "fp32"
seed = 1
train_images = 280
held_out = 20
checkpoint_every = 1

[bal]
schedule = { epochs = 3, batch_size = 96 }
data_chains = 1
parameter_chains = 2
samples = { thinned = { burn_in = 2, every = 3 } }
prediction = "mean-probability"
ensemble_gradient = "predictive"
mixing = { images = 4, every = 1, burn_in = 0 }

[bal.data]
steps = 2
loss_scale = "per_image"
step_size = 0.026
cost_weight = 0.0256
temperature = 1e-5
start = "clean"

[bal.parameters]
steps = 2
mode = "train"
clean_weight = 0.5
reduction = "mean"
prior = { gaussian = 0.1 }

[bal.parameters.sgadald]
step_size = 0.01
temperature = 1e-5
friction = "matched"
gradient_noise = "none"
tau = 10.0
preconditioner_floor = 1e-5
initial_second_moment = 1e-5
second_moment = "persist"
injected_noise = "root"
adaptation_steps = 6
"#;

impl Small {
    pub(crate) fn new() -> Self {
        let small = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(small.path("data/mnist")).unwrap();
        for (part, images) in [("train", TRAIN), ("t10k", TEST)] {
            // Each class lights up a row of its own.
            let labels: Vec<u8> = (0..images).map(|i| (i % 10) as u8).collect();
            let pixels = labels.iter().enumerate().flat_map(|(i, &label)| {
                (0..784usize).map(move |p| {
                    let row = p / 56 == usize::from(label);
                    if row { 200 + (i % 50) as u8 } else { ((p * 7 + i * 13) % 60) as u8 }
                })
            });
            small.put(
                &format!("{part}-images-idx3-ubyte.gz"),
                &idx(&[images, 28, 28], &pixels.collect::<Vec<_>>()),
            );
            small.put(&format!("{part}-labels-idx1-ubyte.gz"), &idx(&[images], &labels));
        }
        fs::write(small.path("small.toml"), BAL).unwrap();
        small
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces a file of the data set by these bytes, compressed.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        fs::write(self.path("data/mnist").join(name), encoder.finish().unwrap()).unwrap();
    }

    /// Replaces text of the experiment.
    pub(crate) fn edit(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("small.toml")).unwrap();
        assert!(text.contains(old), "{old}");
        fs::write(self.path("small.toml"), text.replacen(old, new, 1)).unwrap();
    }

    /// `bal` with these arguments, in this folder, on its data.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bal"));
        command.current_dir(self.0.path()).args(arguments.split_whitespace());
        command.env("BAL_DATA", self.path("data"));
        command
    }

    pub(crate) fn bal(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs `bal`, which has to succeed; returns its standard output.
    pub(crate) fn succeed(&self, arguments: &str) -> String {
        let output = self.bal(arguments);
        assert!(output.status.success(), "{arguments}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts `bal` and kills it as soon as `reached`; whether that was before it ended by itself.
    pub(crate) fn kill_when(&self, arguments: &str, reached: impl Fn() -> bool) -> bool {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let mut ended = false;
        while !reached() && !ended {
            assert!(begun.elapsed() < Duration::from_mins(2), "{arguments}: does not come so far");
            ended = child.try_wait().unwrap().is_some();
            thread::sleep(Duration::from_millis(2));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        !ended
    }

    /// How many batches the metrics of a run tell of.
    pub(crate) fn batches(&self, run: &str) -> usize {
        fs::read_to_string(self.path(run).join("metrics.jsonl")).unwrap_or_default().lines().count()
    }

    /// Names of all files and folders here, but for the data.
    pub(crate) fn listing(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(self.0.path(), &mut found);
        found.retain(|name| !name.contains("/data"));
        found.sort();
        found
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// An IDX file of bytes.
pub(crate) fn idx(dimensions: &[usize], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    for &dimension in dimensions {
        bytes.extend((dimension as u32).to_be_bytes());
    }
    bytes.extend(values);
    bytes
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push(path.display().to_string());
        if path.is_dir() {
            walk(&path, found);
        }
    }
}
