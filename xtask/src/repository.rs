//! Where things are in the checkout.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};

/// The root folder of the checkout; everything else is found from there.
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The checkout that this program is run in.
    pub(crate) fn find() -> Result<Self> {
        // Cargo sets the variable when it runs us, so a checkout that was moved is found where it is now.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = package.parent().unwrap_or(&package);
        Self::at(root)
    }

    /// The checkout in the folder `root`.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let root = fs::canonicalize(root).with_context(|| format!("cannot find {}", root.display()))?;
        ensure!(
            root.join("Cargo.toml").is_file(),
            "{} is not a checkout of the project: run `cargo xtask` inside one",
            root.display()
        );
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The LibTorch that `setup` makes, or a link to the user's own.
    pub(crate) fn libtorch(&self) -> PathBuf {
        self.root.join("libtorch")
    }

    /// Wheels on their way to [`Self::libtorch`]; empty but for the time of `setup`.
    pub(crate) fn libtorch_download(&self) -> PathBuf {
        self.root.join("target/libtorch-download")
    }

    pub(crate) fn datasets(&self) -> PathBuf {
        self.root.join("datasets")
    }

    pub(crate) fn results(&self) -> PathBuf {
        self.root.join("results")
    }

    /// `path` as seen from the root, which is how it is shown and recorded; itself when it is elsewhere.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}
