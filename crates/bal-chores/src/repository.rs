//! Where things are in the checkout.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, ensure};

/// The root folder of the checkout; everything else is found from there.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The checkout that this program is run in: that of the package which cargo runs, else of the folder at hand, else the
    /// one that this program was built from.
    ///
    /// # Errors
    /// Where there is none.
    pub fn find() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf();
        let starts = package.into_iter().chain(env::current_dir()).chain([built_from]);
        let roots = starts.flat_map(|start| start.ancestors().map(Path::to_path_buf).collect::<Vec<_>>());
        let root = roots.into_iter().find(|folder| folder.join("xtask/Cargo.toml").is_file());
        Self::at(&root.context("this is no checkout of the project: run `cargo xtask` inside one")?)
    }

    /// The checkout in the folder `root`.
    ///
    /// # Errors
    /// Where it is none.
    pub fn at(root: &Path) -> Result<Self> {
        let root = fs::canonicalize(root).with_context(|| format!("cannot find {}", root.display()))?;
        ensure!(
            root.join("Cargo.toml").is_file(),
            "{} is not a checkout of the project: run `cargo xtask` inside one",
            root.display()
        );
        Ok(Self { root })
    }

    /// The root folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The LibTorch that `setup` makes, or a link to the user's own.
    #[must_use]
    pub fn libtorch(&self) -> PathBuf {
        self.root.join("libtorch")
    }

    /// Wheels on their way to [`Self::libtorch`]; empty but for the time of `setup`.
    #[must_use]
    pub fn libtorch_download(&self) -> PathBuf {
        self.root.join("target/libtorch-download")
    }

    /// The folder of data sets.
    #[must_use]
    pub fn datasets(&self) -> PathBuf {
        self.root.join("datasets")
    }

    /// The folder of records.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.root.join("results")
    }

    /// `path` as seen from the root, which is how it is shown and recorded; itself when it is elsewhere.
    #[must_use]
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}
