//! LibTorch by pip: wheels of exact hashes, of which the libraries and headers are kept.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bal_chores::{Repository, run};
use bal_files::{NewFolder, is_unfinished};

use super::remove;
use super::wheels::Wheels;

/// What helps when pip does not.
const WAY_OUT: &str = "install LibTorch yourself and set LIBTORCH to its folder, or set LIBTORCH_USE_PYTORCH=1 where \
    `import torch` works";

/// Fetches and unpacks what `wheels` name, and puts it in place of what is in `libtorch/`.
pub(super) fn install(repository: &Repository, wheels: &Wheels) -> Result<()> {
    check_pip()?;
    let (libtorch, downloads) = (repository.libtorch(), repository.libtorch_download());
    eprintln!(
        "setting up LibTorch {} by pip: {} to download and some 2 GB of room for it, once",
        wheels.version, wheels.size
    );
    remove_leftovers(&libtorch)?;
    // Beside its place, so that putting it there is a rename.
    let context = || format!("cannot write beside {}", libtorch.display());
    let new = NewFolder::beside(&libtorch).with_context(context)?;
    let unpacked = new.path().join("wheels");
    pip(wheels, &downloads, &unpacked)?;
    gather(&unpacked, new.path(), wheels)?;
    remove(&unpacked)?;
    put_in_place(new, &libtorch)?;
    remove(&downloads.join("requirements.txt"))?;
    remove(&downloads.join("cache"))
}

/// Checks that there is a pip.
fn check_pip() -> Result<()> {
    let mut pip = Command::new("python3");
    let found = pip.args(["-m", "pip", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(
        found.is_ok_and(|status| status.success()),
        "LibTorch comes through pip, and `python3 -m pip` does not run (Debian: `apt-get install python3-pip`; elsewhere \
         `python3 -m ensurepip --user`); or {WAY_OUT}"
    );
    Ok(())
}

/// Has pip unpack the wheels into a folder of their own. It checks their hashes; wheels that have arrived are kept in
/// `downloads` until all is done, so that a set-up that was interrupted fetches the others only.
fn pip(wheels: &Wheels, downloads: &Path, unpacked: &Path) -> Result<()> {
    let requirements = downloads.join("requirements.txt");
    bal_files::write(&requirements, wheels.requirements.as_bytes())
        .with_context(|| format!("cannot write {}", requirements.display()))?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-compile",
    ])
    .args(["--disable-pip-version-check", "--no-input", "--no-warn-conflicts", "--quiet"])
    // The wheels are for a fixed Python, whatever the user's is: nothing of them is run.
    .args(["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none"])
    .args(wheels.platforms.iter().flat_map(|platform| ["--platform", platform]))
    .arg("--target")
    .arg(unpacked)
    .arg("--requirement")
    .arg(&requirements)
    .env("PIP_CACHE_DIR", downloads.join("cache"))
    // Half a gigabyte may be too much for a /tmp in memory.
    .env("TMPDIR", downloads)
    // It installs into a folder of ours alone.
    .env("PIP_ROOT_USER_ACTION", "ignore")
    // Newer versions of pip go on where a broken connection stopped; older ones do not know the setting.
    .env("PIP_RESUME_RETRIES", "10");
    run(&mut pip).with_context(|| {
        format!(
            "could not get LibTorch: repeat the command to go on; `python3 -m pip config list` shows where pip looks, and pip \
             20.3 or later is needed; or {WAY_OUT}"
        )
    })
}

/// Moves the libraries that are wanted to `lib/`, the headers to `include/`, and writes down what they are.
fn gather(unpacked: &Path, folder: &Path, wheels: &Wheels) -> Result<()> {
    let lib = folder.join("lib");
    fs::create_dir(&lib).with_context(|| format!("cannot make {}", lib.display()))?;
    let torch = unpacked.join("torch");
    let mut found = 0;
    for place in [torch.join("lib")].into_iter().chain(libraries_of_nvidia(&unpacked.join("nvidia"))) {
        for entry in fs::read_dir(&place).with_context(|| format!("cannot read {}", place.display()))? {
            let entry = entry?;
            if wheels.wants(&entry.file_name().to_string_lossy()) {
                fs::rename(entry.path(), lib.join(entry.file_name()))?;
                found += 1;
            }
        }
    }
    ensure!(found >= 3, "the wheels of LibTorch hold {found} libraries, which cannot be all");
    fs::rename(torch.join("include"), folder.join("include")).context("the wheel of torch has no headers")?;
    // torch-sys checks this against its own version.
    for (name, text) in [("build-version", format!("{}\n", wheels.version)), (super::MARK, wheels.mark())] {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// `nvidia/*/lib`, where there are any.
fn libraries_of_nvidia(folder: &Path) -> Vec<std::path::PathBuf> {
    let parts = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path().join("lib"));
    parts.filter(|lib| lib.is_dir()).collect()
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
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(context);
        }
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
    use super::*;

    #[test]
    fn libraries_and_headers_are_gathered_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = place.path().join("wheels").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        };
        let libraries =
            ["libtorch.so", "libtorch_cpu.so", "libc10.so", "libtorch_cuda.so", "libtorch_python.so"];
        for name in libraries {
            put(&format!("torch/lib/{name}"));
        }
        for name in ["torch/include/a/b.h", "torch/__init__.py", "nvidia/cu13/lib/libcudart.so.13"] {
            put(name);
        }
        let wheels = Wheels::of("linux-x86_64", false).unwrap();
        gather(&place.path().join("wheels"), place.path(), &wheels).unwrap();
        let mut names: Vec<_> = fs::read_dir(place.path().join("lib"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["libc10.so", "libcudart.so.13", "libtorch.so", "libtorch_cpu.so"]);
        assert!(place.path().join("include/a/b.h").is_file());
        assert_eq!(fs::read_to_string(place.path().join("build-version")).unwrap(), "2.13.0\n");
    }

    #[test]
    fn what_was_there_is_replaced_as_a_whole_and_leftovers_go() {
        let place = tempfile::tempdir().unwrap();
        let libtorch = place.path().join("libtorch");
        fs::create_dir(&libtorch).unwrap();
        fs::write(libtorch.join("stale"), b"x").unwrap();
        fs::create_dir(place.path().join(".libtorch.killed.unfinished")).unwrap();
        remove_leftovers(&libtorch).unwrap();
        let new = NewFolder::beside(&libtorch).unwrap();
        fs::write(new.path().join("fresh"), b"y").unwrap();
        put_in_place(new, &libtorch).unwrap();
        assert!(libtorch.join("fresh").is_file() && !libtorch.join("stale").exists());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
