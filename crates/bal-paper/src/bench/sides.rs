//! The programs that are timed beside each other.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::process::Process;
use bal_chores::Repository;
use bal_chores::beside;

/// The networks that everything starts from: trained ones, since how many units a ReLU holds at zero matters.
const WEIGHTS: &str = "results/fig1/bal-released/posterior.safetensors";
/// glibc otherwise hands the large tensors of a whole batch back to the system in every step, and the page faults of
/// getting them again take up to half of the tuned form's time.
const KEEP_MEMORY: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "8589934592")];
/// How PyTorch is used: as everyone writes it, and channels last with pooling before ReLU.
pub(super) const FORMS: [&str; 2] = ["naive", TUNED];
const TUNED: &str = "tuned";

/// How much is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// What figures are quoted for.
    Full,
    /// Enough to see that everything works.
    Smoke,
}

/// How programs are started.
pub(super) struct Sides<'a> {
    repository: &'a Repository,
    ours: PathBuf,
    size: Size,
}

impl<'a> Sides<'a> {
    /// Finds our side, which lies beside this program.
    pub(super) fn here(repository: &'a Repository, size: Size) -> Result<Self> {
        Ok(Self { repository, ours: beside("bal-peer")?, size })
    }

    /// Our side.
    pub(super) fn ours(&self, threads: u32) -> Result<Process> {
        let mut command = Command::new(&self.ours);
        command.current_dir(self.repository.root());
        self.common(&mut command, threads);
        Process::start("bal", &mut command)
    }

    /// PyTorch in one of [`FORMS`].
    pub(super) fn pytorch(&self, python: &Path, form: &str, threads: u32) -> Result<Process> {
        let mut command = Command::new(python);
        command.arg(self.repository.root().join("bench/pytorch/peer.py")).args(["--form", form]);
        command.arg("--mnist").arg(self.repository.datasets().join("mnist"));
        self.common(&mut command, threads);
        if form == TUNED {
            command.envs(KEEP_MEMORY);
        }
        Process::start(&format!("PyTorch, {form}"), &mut command)
    }

    fn common(&self, command: &mut Command, threads: u32) {
        command.arg("--weights").arg(self.repository.root().join(WEIGHTS));
        command.args(["--threads", &threads.to_string()]);
        if self.size == Size::Smoke {
            command.arg("--smoke");
        }
    }
}

/// As many threads as there are cores.
pub(super) fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u32)
}
