//! Files that are asked for.

use anyhow::{Context, Result, bail};
use bal_files::{Place, place};
use std::path::{Path, PathBuf};

/// What an evaluation writes; nothing unless asked for. Pipes and devices get their bytes as they are.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// Accuracies, who survived, and all that was measured, as JSON.
    pub json: Option<PathBuf>,
    /// Accuracies with 95 % intervals, one line per radius.
    pub csv: Option<PathBuf>,
    /// One line per image and radius: what it became, what broke it, how far it was moved.
    pub per_image: Option<PathBuf>,
    /// The attacked images, in safetensors or, where the name ends in `.npz`, for numpy.
    pub save: Option<PathBuf>,
    /// A picture of ten attacked images, as PNG.
    pub grid: Option<PathBuf>,
}

impl Outputs {
    /// All files that are asked for.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let Self { json, csv, per_image, save, grid } = self;
        [json, csv, per_image, save, grid].into_iter().flatten().map(PathBuf::as_path)
    }
}

/// Refuses, before the long work, files of which one could not be written after it, or would be written over another.
///
/// # Errors
/// Which, and why.
pub fn can_be_written<'a>(files: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let mut taken: Vec<Place> = Vec::new();
    for file in files {
        bal_files::writable(file).with_context(|| format!("cannot write {}", file.display()))?;
        let place = place(file)?;
        let is_lost = matches!(place, Place::File(_) | Place::StandardOutput) && taken.contains(&place);
        if is_lost {
            bail!("{} is named for two outputs; name another file for one of them", file.display());
        }
        taken.push(place);
    }
    Ok(())
}

/// Puts `bytes` where `path` leads.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    bal_files::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// The regular file that `path` leads to, unless it leads to something else.
pub(crate) fn file(path: &Path) -> Option<PathBuf> {
    match place(path) {
        Ok(Place::File(file)) => Some(file),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_is_not_named_for_two_outputs_even_by_a_link() {
        let place = tempfile::tempdir().unwrap();
        let [a, b, link] = ["a", "b", "link"].map(|name| place.path().join(name));
        std::os::unix::fs::symlink("a", &link).unwrap();
        can_be_written([a.as_path(), &b, Path::new("/dev/null"), Path::new("/dev/null")]).unwrap();
        let error = can_be_written([a.as_path(), &b, &link]).unwrap_err().to_string();
        assert!(error.contains("link is named for two outputs"), "{error}");
    }
}
