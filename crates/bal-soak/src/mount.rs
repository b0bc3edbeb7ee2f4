//! A file system in memory, whose room can be taken and given: what a full or read-only disk is to a program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// What every mount begins with, and what is given back: more than anything here needs.
const ROOMY: &str = "rw,size=256m,nr_inodes=100000";

/// Blocks of a file system in memory, in KiB.
pub(super) const BLOCK: u64 = 4;

/// A mounted file system; unmounted, with all that is in it, when dropped.
pub(super) struct Mount(PathBuf);

impl Mount {
    /// Mounts one at `folder`, which exists and is empty.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        mount(&["-t", "tmpfs", "-o", ROOMY, "soak"], folder)?;
        Ok(Self(folder.to_owned()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Leaves room for so many more KiB, in blocks.
    pub(super) fn leave_room(&self, kib: u64) -> Result<()> {
        let room = self.room()?;
        let used = (room.f_blocks - room.f_bfree) * room.f_frsize / 1024;
        // A size of 0 would mean no limit.
        self.again(&format!("size={}k", (used + kib).max(BLOCK)))
    }

    /// Leaves room for so many more files and folders.
    pub(super) fn leave_files(&self, files: u64) -> Result<()> {
        let room = self.room()?;
        self.again(&format!("nr_inodes={}", room.f_files - room.f_ffree + files))
    }

    /// Lets nobody write.
    pub(super) fn read_only(&self) -> Result<()> {
        self.again("ro")
    }

    /// Gives back all room.
    pub(super) fn give_back(&self) -> Result<()> {
        self.again(ROOMY)
    }

    fn room(&self) -> Result<rustix::fs::StatVfs> {
        rustix::fs::statvfs(&self.0)
            .with_context(|| format!("cannot ask for the room in {}", self.0.display()))
    }

    fn again(&self, option: &str) -> Result<()> {
        mount(&["-o", &format!("remount,{option}")], &self.0)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

/// Unmounts what is mounted at `folder`, if something is.
pub(super) fn unmount(folder: &Path) {
    let _ = Command::new("umount").arg(folder).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

fn mount(options: &[&str], folder: &Path) -> Result<()> {
    let output = Command::new("mount").args(options).arg(folder).output().context("cannot start mount")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "mount {} refuses: {}",
            options.join(" "),
            said.lines().next().unwrap_or("no reason given").trim()
        );
    }
    Ok(())
}
