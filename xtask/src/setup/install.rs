//! From wheels to a complete `libtorch/`, or to none at all.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use bal_files::{NewFolder, is_unfinished};

use crate::repository::Repository;
use crate::setup::installed::Installed;
use crate::setup::wheels::{Selection, Wheel};
use crate::setup::{disk, download, extract, pip, remove};
use crate::size::readable;

/// Fetches what is not there yet, unpacks it and puts it in place; the wheels are removed at the end.
pub(super) fn install(repository: &Repository, selection: &Selection) -> Result<()> {
    let downloads = repository.libtorch_download();
    pip::check()?;
    eprintln!(
        "setting up LibTorch {}: {} to download, {} in libtorch/ (once; nothing else on this machine changes)",
        selection.version,
        readable(selection.download_bytes()),
        readable(selection.unpacked_bytes())
    );
    // pip holds a second copy of a wheel while it downloads.
    let largest = selection.wheels.iter().map(|wheel| wheel.bytes).max().unwrap_or(0);
    disk::require(&downloads, selection.download_bytes() + largest + selection.unpacked_bytes())?;
    install_with(&repository.libtorch(), &downloads, selection, |wheel, folder| {
        download::obtain(wheel, folder, pip::fetch).with_context(|| {
            format!(
                "could not get {}: repeat the command to go on; `python3 -m pip config list` shows where pip looks, \
                 and pip 20.3 or later is needed; or {}",
                wheel.file,
                pip::WAY_OUT
            )
        })
    })
}

/// The same with another source of wheels: `obtain` makes sure that a wheel's file is in the folder, and right.
fn install_with(
    libtorch: &Path,
    downloads: &Path,
    selection: &Selection,
    obtain: impl Fn(&Wheel, &Path) -> Result<()>,
) -> Result<()> {
    for wheel in &selection.wheels {
        obtain(wheel, downloads)?;
    }
    remove_leftovers(libtorch)?;
    // Beside its place, so that putting it there is a rename.
    let new =
        NewFolder::beside(libtorch).with_context(|| format!("cannot write beside {}", libtorch.display()))?;
    unpack(selection, downloads, new.path())?;
    put_in_place(new, libtorch)?;
    for wheel in &selection.wheels {
        remove(&downloads.join(&wheel.file))?;
    }
    Ok(())
}

fn unpack(selection: &Selection, downloads: &Path, folder: &Path) -> Result<()> {
    for wheel in &selection.wheels {
        eprintln!("unpacking {}", wheel.file);
        extract::extract(wheel, &downloads.join(&wheel.file), folder)?;
    }
    // torch-sys checks this against its own version.
    let version = folder.join("build-version");
    fs::write(&version, format!("{}\n", selection.version))
        .with_context(|| format!("cannot write {}", version.display()))?;
    Installed::describe(selection, folder)?.write(folder)
}

/// Replaces `libtorch`, which is of our making or is not there, by a folder all of which is on the disk before it gets its name.
fn put_in_place(new: NewFolder, libtorch: &Path) -> Result<()> {
    // Thousands of headers: one sync of everything is much quicker than one each.
    rustix::fs::sync();
    let context = || format!("cannot replace {}", libtorch.display());
    // Dropped at the end, with what it took the place of.
    let old = NewFolder::beside(libtorch).with_context(context)?;
    let aside = old.path().join("libtorch");
    match fs::rename(libtorch, &aside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(context),
        _ => {}
    }
    new.finish().with_context(context).inspect_err(|_| {
        // What was there is better than nothing.
        let _ = fs::rename(&aside, libtorch);
    })
}

/// Removes what a set-up that was killed left beside `libtorch`; nobody else is at work, by the lock.
fn remove_leftovers(libtorch: &Path) -> Result<()> {
    let beside = libtorch.parent().unwrap_or(Path::new("."));
    for entry in fs::read_dir(beside).with_context(|| format!("cannot read {}", beside.display()))?.flatten()
    {
        let name = entry.file_name();
        if name.to_string_lossy().starts_with(".libtorch.") && is_unfinished(&name) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;
    use crate::setup::extract::tests::archive;
    use crate::setup::wheels::tests::small_wheel;

    struct Place {
        folder: tempfile::TempDir,
        selection: Selection,
        bytes: Vec<u8>,
    }

    impl Place {
        fn new() -> Self {
            let bytes = archive(&[]);
            let selection = Selection { version: "1".into(), cuda: false, wheels: vec![small_wheel(&bytes)] };
            Self { folder: tempfile::tempdir().unwrap(), selection, bytes }
        }

        fn install(&self) -> Result<()> {
            let bring = |wheel: &Wheel, folder: &Path| Ok(fs::write(folder.join(&wheel.file), &self.bytes)?);
            self.install_with(bring)
        }

        fn install_with(&self, obtain: impl Fn(&Wheel, &Path) -> Result<()>) -> Result<()> {
            let downloads = self.folder.path().join("downloads");
            fs::create_dir_all(&downloads).unwrap();
            install_with(&self.folder.path().join("libtorch"), &downloads, &self.selection, obtain)
        }

        fn names(&self, folder: &str) -> Vec<String> {
            let entries = fs::read_dir(self.folder.path().join(folder)).unwrap();
            let mut names: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn an_installation_is_whole_and_leaves_no_wheels() {
        let place = Place::new();
        place.install().unwrap();
        assert_eq!(place.names("libtorch"), ["build-version", "include", "lib", "setup.toml"]);
        assert_eq!(place.names("downloads"), [""; 0]);
        assert_eq!(place.names(""), ["downloads", "libtorch"]);
    }

    #[test]
    fn an_interrupted_extraction_leaves_no_libtorch_and_is_made_good() {
        let mut place = Place::new();
        // The wheel lacks a library: the extraction stops, as one that is killed does, before the rename.
        place.selection.wheels[0].libraries.push("small/lib/libz.so".into());
        place.install().unwrap_err();
        assert_eq!(place.names(""), ["downloads"]);
        assert_eq!(place.names("downloads"), ["small.whl"], "the wheel is kept for the next time");

        // What a killed one leaves behind is in nobody's way.
        let partial = place.folder.path().join(".libtorch.killed.unfinished");
        fs::create_dir_all(partial.join("lib")).unwrap();
        fs::write(partial.join("lib/liba.so"), b"half").unwrap();
        place.selection.wheels[0].libraries.pop();
        place.install().unwrap();
        assert_eq!(fs::read(place.folder.path().join("libtorch/lib/liba.so")).unwrap(), b"library a");
        assert_eq!(place.names(""), ["downloads", "libtorch"]);
    }

    #[test]
    fn what_was_there_is_replaced_as_a_whole() {
        let place = Place::new();
        let old = place.folder.path().join("libtorch");
        fs::create_dir(&old).unwrap();
        fs::write(old.join("stale"), b"x").unwrap();
        // What the user has moved away is the user's.
        let kept = place.folder.path().join("libtorch.old");
        fs::create_dir(&kept).unwrap();
        place.install().unwrap();
        assert!(!old.join("stale").exists());
        assert_eq!(place.names(""), ["downloads", "libtorch", "libtorch.old"]);
    }

    #[test]
    fn a_download_that_fails_leaves_what_was_there() {
        let place = Place::new();
        let old = place.folder.path().join("libtorch");
        fs::create_dir(&old).unwrap();
        fs::write(old.join("kept"), b"x").unwrap();
        let error = place.install_with(|_, _| Err(anyhow!("no network"))).unwrap_err();
        assert_eq!(error.to_string(), "no network");
        assert!(old.join("kept").exists());
    }
}
