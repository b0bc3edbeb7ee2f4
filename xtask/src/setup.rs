//! `setup`: LibTorch in `libtorch/`, or the user's own, and cargo told where it is.

mod config;
mod disk;
mod download;
mod extract;
mod install;
mod installed;
mod own;
mod pip;
mod prerequisites;
mod usable;
mod wheels;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use bal_files::Lock;
use clap::Args;

use crate::cargo::{cargo, run as run_command};
use crate::repository::Repository;
use crate::setup::installed::Installed;
use crate::setup::wheels::Wheels;

/// Put LibTorch into libtorch/ and tell cargo where it is
///
/// Fetches the wheels that hold LibTorch with `python3 -m pip download` (which follows your own index settings) and
/// unpacks the libraries and headers: 0.5 GB to download, 0.5 GB in libtorch/. Nothing else on the machine changes,
/// and nothing is installed into Python. An interrupted set-up goes on where it was; a complete one is left alone.
/// A LibTorch of your own wins: set LIBTORCH to its folder, or LIBTORCH_USE_PYTORCH=1 for that of your PyTorch.
/// `test`, `ci` and `reproduce` do this by themselves.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Fetch the CUDA libraries too: 2.5 GB to download, 3.6 GB unpacked; put together with care, but not tried on a GPU
    #[arg(long)]
    cuda: bool,
    /// Compare every library in libtorch/ with the digest it had when it was unpacked
    #[arg(long)]
    verify: bool,
}

/// A LibTorch that is ready for use.
#[derive(Clone)]
pub(crate) struct LibTorch {
    /// The folder of its libraries.
    pub(crate) libraries: PathBuf,
}

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let libtorch = set_up(repository, options)?;
    if options.verify {
        verify(repository)?;
    }
    eprintln!("LibTorch is ready: {}", repository.relative(&libtorch.libraries).display());
    Ok(())
}

/// What `test`, `ci` and `reproduce` need before anything else; says nothing when there is nothing to do.
pub(crate) fn ensure_ready(repository: &Repository) -> Result<LibTorch> {
    set_up(repository, &Options::default())
}

fn set_up(repository: &Repository, options: &Options) -> Result<LibTorch> {
    prerequisites::check()?;
    let wheels = Wheels::built_in()?;
    let libtorch = match own::find(repository)? {
        Some(_) if options.cuda => {
            bail!("--cuda fetches a LibTorch, but yours wins: unset LIBTORCH and LIBTORCH_USE_PYTORCH first")
        }
        Some(own) => own::adopt(repository, &own, &wheels.version)?,
        None => fetched(repository, &wheels, options.cuda)?,
    };
    config::write(repository)?;
    Ok(libtorch)
}

/// The LibTorch in `libtorch/`, fetched unless it is there.
fn fetched(repository: &Repository, wheels: &Wheels, cuda: bool) -> Result<LibTorch> {
    let folder = repository.libtorch();
    let ready = LibTorch { libraries: folder.join("lib") };
    // One set-up at a time: a second one waits here, and then finds the work done.
    let _lock = Lock::wait(&repository.libtorch_download(), &mut |news| eprintln!("{news}"))?;

    if folder.is_symlink() && !folder.exists() {
        bail!(
            "{} links to a LibTorch that is gone: remove the link, and a LibTorch is fetched in its place",
            folder.display()
        );
    }
    let installed = Installed::read(&folder)?;
    match &installed {
        Some(installed) => match installed.fault(&folder, wheels, cuda) {
            None => return Ok(ready),
            Some(fault) => eprintln!("libtorch/ is replaced: {fault}"),
        },
        None if folder.exists() => {
            usable::check(&ready.libraries, &folder.join("include"), &wheels.version).with_context(|| {
                format!("{} is not of our making and cannot be used; move it away", folder.display())
            })?;
            ensure!(!cuda, "{} is not of our making: move it away for --cuda", folder.display());
            return Ok(ready);
        }
        None => {}
    }

    install::install(repository, &wheels.selection(cuda)?)?;
    // torch-sys looks at the path only, and would go on linking what was there before.
    if installed.is_some() {
        for profile in [None, Some("--release")] {
            run_command(
                cargo(repository).args(["clean", "--quiet", "--package", "torch-sys"]).args(profile),
            )?;
        }
    }
    Ok(ready)
}

/// Compares `libtorch/` with the digests that were written down when it was unpacked.
fn verify(repository: &Repository) -> Result<()> {
    let folder = repository.libtorch();
    let Some(installed) = Installed::read(&folder)? else {
        bail!("{} is not of our making: there are no digests to compare it with", folder.display());
    };
    installed.verify(&folder)?;
    eprintln!("every library in libtorch/ has the digest it was unpacked with");
    Ok(())
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
