//! Where experiments are read from: files, and those that the program knows.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Where an experiment was read from: what its `start.experiment` is relative to.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file; others are beside it.
    File(PathBuf),
    /// The program.
    BuiltIn,
}

/// The experiments that `bal train` knows without a file, the default first.
pub(super) const BUILT_IN: [(&str, &str); 12] = [
    ("mnist-bal-released.toml", include_str!("../../experiments/mnist-bal-released.toml")),
    ("mnist-erm.toml", include_str!("../../experiments/mnist-erm.toml")),
    ("mnist-bal-paper.toml", include_str!("../../experiments/mnist-bal-paper.toml")),
    ("mnist-bal-exact.toml", include_str!("../../experiments/mnist-bal-exact.toml")),
    ("mnist-bnn.toml", include_str!("../../experiments/mnist-bnn.toml")),
    ("mnist-fgsm.toml", include_str!("../../experiments/mnist-fgsm.toml")),
    ("mnist-ifgsm.toml", include_str!("../../experiments/mnist-ifgsm.toml")),
    ("mnist-pgd.toml", include_str!("../../experiments/mnist-pgd.toml")),
    ("mnist-wrm.toml", include_str!("../../experiments/mnist-wrm.toml")),
    ("mnist-laplace.toml", include_str!("../../experiments/mnist-laplace.toml")),
    ("uci-yacht-erm.toml", include_str!("../../experiments/uci-yacht-erm.toml")),
    ("uci-yacht-bal-ball.toml", include_str!("../../experiments/uci-yacht-bal-ball.toml")),
];

impl Origin {
    /// The text of the experiment, the built-in `name` where it has no file, and what errors call it.
    pub(super) fn text(&self, name: &str) -> Result<(String, String)> {
        match self {
            Self::File(path) => {
                let text = std::fs::read_to_string(path);
                let title = path.display().to_string();
                Ok((text.with_context(|| format!("cannot read the experiment {title}"))?, title))
            }
            Self::BuiltIn => {
                let (_, text) = BUILT_IN.iter().find(|(n, _)| *n == name).context("no such experiment")?;
                Ok(((*text).to_string(), format!("the built-in experiment {name}")))
            }
        }
    }

    /// The origin of the experiment in a file beside this one.
    pub(super) fn beside(&self, file: &Path) -> Self {
        match self {
            Self::File(_) => Self::File(self.path_beside(file)),
            Self::BuiltIn => Self::BuiltIn,
        }
    }

    /// Where a file is that the experiment names; for one that the program knows, as it is seen from the working directory.
    pub(crate) fn path_beside(&self, file: &Path) -> PathBuf {
        match self {
            Self::File(path) => path.parent().unwrap_or(Path::new(".")).join(file),
            Self::BuiltIn => file.to_path_buf(),
        }
    }
}
