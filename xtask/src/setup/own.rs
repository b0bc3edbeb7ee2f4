//! The user's own LibTorch, which wins over ours: LIBTORCH, or that of a PyTorch.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, ensure};

use crate::setup::{LibTorch, usable};
use bal_chores::Repository;

/// Asks a PyTorch for its folder.
const WHERE_IS_TORCH: &str = "import os, torch; print(os.path.dirname(torch.__file__))";

/// Where the user's LibTorch is, and who says so.
pub(super) struct Own {
    variable: &'static str,
    libraries: PathBuf,
    include: PathBuf,
}

/// What the environment asks for; read as torch-sys reads it.
pub(super) fn find(repository: &Repository) -> Result<Option<Own>> {
    if env::var_os("LIBTORCH_USE_PYTORCH").is_some() {
        let folder = pytorch()?;
        return Ok(Some(Own {
            variable: "LIBTORCH_USE_PYTORCH",
            libraries: folder.join("lib"),
            include: folder.join("include"),
        }));
    }
    let folder = |variable| env::var_os(variable).map(PathBuf::from);
    let Some(libtorch) = folder("LIBTORCH") else { return Ok(None) };
    // Cargo hands on what .cargo/libtorch.toml says: that is ours.
    if libtorch == repository.libtorch() {
        return Ok(None);
    }
    ensure!(
        libtorch.is_absolute(),
        "LIBTORCH={} must be an absolute path: torch-sys reads it in another folder",
        libtorch.display()
    );
    Ok(Some(Own {
        variable: "LIBTORCH",
        libraries: folder("LIBTORCH_LIB").unwrap_or_else(|| libtorch.clone()).join("lib"),
        include: folder("LIBTORCH_INCLUDE").unwrap_or(libtorch).join("include"),
    }))
}

/// Checks the user's LibTorch, and links `libtorch` to it so that programs find its libraries.
pub(super) fn adopt(repository: &Repository, own: &Own, version: &str) -> Result<LibTorch> {
    usable::check(&own.libraries, &own.include, version).with_context(|| {
        format!(
            "{} is set but cannot be used: correct it, or unset it and a LibTorch is fetched into libtorch/",
            own.variable
        )
    })?;
    let folder = own.libraries.parent().unwrap_or(&own.libraries);
    eprintln!("using your own LibTorch, as {} says: {}", own.variable, folder.display());
    if !link(&repository.libtorch(), folder)? {
        eprintln!(
            "libtorch/ is a folder and stays: what you start without `cargo xtask` loads its libraries"
        );
    }
    Ok(LibTorch { libraries: own.libraries.clone() })
}

/// Makes `link` a symbolic link to `folder`; `false` if something that is no link has the name.
fn link(link: &Path, folder: &Path) -> Result<bool> {
    if link.exists() && !link.is_symlink() {
        return Ok(false);
    }
    if fs::read_link(link).is_ok_and(|target| target == folder) {
        return Ok(true);
    }
    // Under a name that nobody else uses, then renamed: two set-ups at once do each other no harm.
    let beside = link.parent().unwrap_or(Path::new("."));
    let made = tempfile::Builder::new()
        .prefix(".libtorch-link.")
        .suffix(".unfinished")
        .make_in(beside, |new| symlink(folder, new));
    made.map_err(anyhow::Error::from)
        .and_then(|made| Ok(made.into_temp_path().persist(link)?))
        .with_context(|| format!("cannot make the link {}", link.display()))?;
    Ok(true)
}

/// The folder of the PyTorch of the Python that torch-sys would run.
fn pytorch() -> Result<PathBuf> {
    let python = if env::var_os("VIRTUAL_ENV").is_some() { "python" } else { "python3" };
    let output = Command::new(python)
        .args(["-c", WHERE_IS_TORCH])
        .output()
        .with_context(|| format!("LIBTORCH_USE_PYTORCH is set, but {python} does not start"))?;
    ensure!(
        output.status.success(),
        "LIBTORCH_USE_PYTORCH is set, but `{python} -c 'import torch'` fails: install PyTorch, or unset the variable"
    );
    Ok(String::from_utf8(output.stdout).context("the path of PyTorch is not UTF-8")?.trim_end().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_and_then_follows_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libtorch");
        for target in ["first", "second", "second"] {
            let target = folder.path().join(target);
            assert!(link(&path, &target).unwrap());
            assert_eq!(fs::read_link(&path).unwrap(), target);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_never_replaced_by_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("libtorch");
        fs::create_dir(&path).unwrap();
        assert!(!link(&path, Path::new("/elsewhere")).unwrap());
        assert!(path.is_dir() && !path.is_symlink());
    }
}
