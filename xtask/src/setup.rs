//! `setup`: LibTorch in `libtorch/`, or the user's own, and cargo told where it is.

mod config;
mod install;
mod own;
mod prerequisites;
mod usable;
mod wheels;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use bal_files::Lock;
use clap::Args;

use crate::cargo::cargo;
use crate::libtorch::LibTorch;
pub(crate) use crate::setup::wheels::VERSION;
use crate::setup::wheels::Wheels;
use bal_chores::Repository;
use bal_chores::run as run_command;

/// What a folder of our making was made of.
const MARK: &str = "requirements.txt";

/// Put LibTorch into libtorch/ and tell cargo where it is
///
/// Has `python3 -m pip` (which follows your own index settings) fetch the wheels that hold LibTorch and check their hashes, and
/// keeps the libraries and headers: 0.5 GB to download, 0.5 GB in libtorch/. Nothing else on the machine changes, and nothing
/// is installed into Python. A complete set-up is left alone.
/// A LibTorch of your own wins: set LIBTORCH to its folder, or LIBTORCH_USE_PYTORCH=1 for that of your PyTorch.
/// `test`, `ci` and `reproduce` do this by themselves.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Fetch the CUDA libraries too: 2.5 GB to download; put together with care, but not tried on a GPU
    #[arg(long)]
    cuda: bool,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let libtorch = set_up(repository, options)?;
    eprintln!("LibTorch is ready: {}", repository.relative(&libtorch.libraries).display());
    Ok(())
}

/// What `test`, `ci` and `reproduce` need before anything else; says nothing when there is nothing to do.
pub(crate) fn ensure_ready(repository: &Repository) -> Result<LibTorch> {
    set_up(repository, &Options::default())
}

fn set_up(repository: &Repository, options: &Options) -> Result<LibTorch> {
    prerequisites::check()?;
    let wheels = Wheels::here(options.cuda);
    let libtorch = match own::find(repository)? {
        Some(_) if options.cuda => {
            bail!("--cuda fetches a LibTorch, but yours wins: unset LIBTORCH and LIBTORCH_USE_PYTORCH first")
        }
        Some(own) => own::adopt(repository, &own, VERSION)?,
        None => fetched(repository, &wheels?)?,
    };
    config::write(repository)?;
    Ok(libtorch)
}

/// The LibTorch in `libtorch/`, fetched unless it is there.
fn fetched(repository: &Repository, wheels: &Wheels) -> Result<LibTorch> {
    let folder = repository.libtorch();
    let ready = LibTorch { libraries: folder.join("lib") };
    // One set-up at a time: a second one waits here, and then finds the work done.
    let _lock = Lock::wait(&repository.libtorch_download(), &mut |news| eprintln!("{news}"))?;
    let mark = fs::read_to_string(folder.join(MARK)).ok();
    if mark.as_ref() == Some(&wheels.mark()) {
        return Ok(ready);
    }
    if folder.is_symlink() && !folder.exists() {
        bail!(
            "{} links to a LibTorch that is gone: remove the link, and a LibTorch is fetched in its place",
            folder.display()
        );
    }
    if mark.is_none() && folder.exists() {
        usable::check(&ready.libraries, &folder.join("include"), wheels.version).with_context(|| {
            format!("{} is not of our making and cannot be used; move it away", folder.display())
        })?;
        return Ok(ready);
    }
    install::install(repository, wheels)?;
    // torch-sys looks at the path only, and would go on linking what was there before.
    if mark.is_some() {
        for profile in [None, Some("--release")] {
            run_command(
                cargo(repository).args(["clean", "--quiet", "--package", "torch-sys"]).args(profile),
            )?;
        }
    }
    Ok(ready)
}

/// Removes a file or folder if it is there.
fn remove(path: &Path) -> Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
