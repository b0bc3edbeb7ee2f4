//! Where the soak works: a folder with a small data set, small experiments, and two finished runs to be evaluated.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bal_files::Lock;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::attempt::Attempt;
use super::experiments;
use super::jobs::Job;
use super::mount;
use bal_chores::{Bal, Repository};

/// Training and test images; the latter are three shards of an evaluation.
const TRAIN: usize = 200;
const TEST: usize = 160;

/// The folder, removed in the end.
pub(super) struct Ground<'a> {
    folder: TempDir,
    /// That nobody takes the folder for one that a killed soak left.
    _lock: Lock,
    bal: &'a Bal<'a>,
    repository: &'a Repository,
}

impl<'a> Ground<'a> {
    /// Makes the folder below `target/soak/`, and trains the runs.
    pub(super) fn new(repository: &'a Repository, bal: &'a Bal<'a>) -> Result<Self> {
        let parent = repository.root().join("target/soak");
        fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
        remove_left(&parent);
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent)?;
        let lock = Lock::take(folder.path(), &mut |_| {})?;
        let ground = Self { folder, _lock: lock, bal, repository };
        write_images(&ground.path("data/mnist"))?;
        experiments::write(&repository.root().join("experiments"), &ground.path("experiments"))?;
        for job in Job::runs() {
            let ended = Attempt::start(&mut ground.command(&job, ground.folder.path()))?.end()?;
            ensure!(ended.succeeded(), "{} cannot be trained: {}", job.name, ended.said);
        }
        Ok(ground)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An empty folder for a command to work in.
    pub(super) fn fresh(&self) -> Result<TempDir> {
        tempfile::Builder::new()
            .prefix("work-")
            .tempdir_in(self.folder.path())
            .context("cannot make a folder")
    }

    /// The command of `job`, to be run in `folder`, on the data set here.
    pub(super) fn command(&self, job: &Job, folder: &Path) -> Command {
        let mut command = self.bal.command();
        let ground = self.folder.path().display().to_string();
        let datasets = self.repository.datasets().display().to_string();
        let place = |word: &str| word.replace("GROUND", &ground).replace("DATASETS", &datasets);
        command
            .args(job.arguments.split_whitespace().map(place))
            .current_dir(folder)
            .env("BAL_DATA", self.path("data"));
        command
    }

    /// Puts into `folder` what `job` finds there when it begins.
    pub(super) fn prepare(job: &Job, folder: &Path) -> Result<()> {
        for name in job.replaces {
            fs::write(folder.join(name), "what an earlier command wrote\n")?;
        }
        if job.downloads() {
            fs::create_dir_all(folder.join("datasets"))?;
        }
        Ok(())
    }
}

/// How the name of a ground begins.
const PREFIX: &str = "ground-";

/// Removes the grounds of soaks that were killed, and what is still mounted there.
fn remove_left(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let ground = entry.path();
        let is_ground = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // One that is locked is of a soak that is at work.
        if is_ground && Lock::take(&ground, &mut |_| {}).is_ok() {
            for inner in fs::read_dir(&ground).into_iter().flatten().flatten() {
                mount::unmount(&inner.path());
            }
            let _ = fs::remove_dir_all(&ground);
        }
    }
}

/// IDX files as those of MNIST: each class lights up two rows of its own.
fn write_images(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    for (part, images) in [("train", TRAIN), ("t10k", TEST)] {
        let labels: Vec<u8> = (0..images).map(|at| (at % 10) as u8).collect();
        let pixels = labels.iter().enumerate().flat_map(|(at, &label)| {
            (0..784).map(move |pixel| {
                let lit = pixel / 56 == usize::from(label);
                if lit { 200 + (at % 50) as u8 } else { ((pixel * 7 + at * 13) % 60) as u8 }
            })
        });
        write_idx(
            &folder.join(format!("{part}-images-idx3-ubyte.gz")),
            &[images, 28, 28],
            &pixels.collect::<Vec<_>>(),
        )?;
        write_idx(&folder.join(format!("{part}-labels-idx1-ubyte.gz")), &[images], &labels)?;
    }
    Ok(())
}

fn write_idx(path: &Path, dimensions: &[usize], values: &[u8]) -> Result<()> {
    let mut bytes = vec![0, 0, 8, dimensions.len() as u8];
    for &dimension in dimensions {
        bytes.extend((dimension as u32).to_be_bytes());
    }
    let file = fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut encoder = GzEncoder::new(file, Compression::fast());
    encoder.write_all(&bytes)?;
    encoder.write_all(values)?;
    encoder.finish()?;
    Ok(())
}
