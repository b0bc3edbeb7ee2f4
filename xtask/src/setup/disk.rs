//! Room on the disk, looked at before half a gigabyte is fetched in vain.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::size::readable;

/// Checks that `needed` bytes are free on the disk of `folder`, which exists.
pub(super) fn require(folder: &Path, needed: u64) -> Result<()> {
    let room = rustix::fs::statvfs(folder)
        .with_context(|| format!("cannot see how much room there is in {}", folder.display()))?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    ensure!(
        free >= needed,
        "{} are needed to set up LibTorch, but only {} are free on the disk of {}: make room, or install LibTorch \
         elsewhere and set LIBTORCH to it",
        readable(needed),
        readable(free),
        folder.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::require;

    #[test]
    fn a_full_disk_is_told_what_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        require(folder.path(), 1).unwrap();
        let error = require(folder.path(), u64::MAX).unwrap_err().to_string();
        assert!(error.contains("are needed") && error.contains("are free"), "{error}");
    }
}
