//! `wheel`: the Python package, for one Python, and its tests.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use bal_chores::{Repository, python, run as run_command, stage};
use clap::Args;

use crate::cargo::{cargo, forget_our_package, with_libtorch};
use crate::check_python;
use crate::libtorch::LibTorch;
use crate::programs;
use crate::setup;

/// Build the Python package into target/wheels
///
/// It is for one minor version of Python and of PyTorch. Without --python, PyTorch and maturin are installed into target/:
/// several GB.
#[derive(Args)]
pub(crate) struct Options {
    /// The Python that it is for, with torch 2.13 and maturin installed
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Install it into that Python, run its tests, and what docs/python.md says to type
    #[arg(long)]
    test: bool,
}

/// The manifest of the package, which is a workspace of its own.
const MANIFEST: &str = "crates/bal-python/Cargo.toml";

/// More than this, and something is in it that does not belong there.
const MOST_BYTES: u64 = 3_000_000;

/// The verb.
pub(crate) fn run(repository: &Repository, options: &Options) -> Result<()> {
    let libtorch = stage("set-up", || setup::ensure_ready(repository))?;
    let python = match &options.python {
        Some(python) => found(python)?,
        None => stage("PyTorch", || python::ensure(repository))?,
    };
    if options.test {
        return tests(repository, &libtorch, &python);
    }
    let wheel = stage("wheel", || build(repository, &libtorch, &python))?;
    println!("{}", repository.relative(&wheel).display());
    Ok(())
}

/// Builds the package, installs it into `python`, and tries it there.
pub(crate) fn tests(repository: &Repository, libtorch: &LibTorch, python: &Path) -> Result<()> {
    let wheel = stage("wheel", || build(repository, libtorch, python))?;
    let programs = stage("build", || programs::build(repository, libtorch))?;
    stage("pytest", || {
        run_command(python::pip_install(python).args(["--no-deps", "--force-reinstall"]).arg(&wheel))?;
        let mut pytest = Command::new(python);
        pytest.args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider", "crates/bal-python/tests"]);
        pytest.env("PYTHONDONTWRITEBYTECODE", "1").env("BAL", programs.join("bal"));
        run_command(pytest.current_dir(repository.root()))
    })?;
    stage("docs/python.md", || check_python::run(repository, libtorch, &programs, python))
}

/// Compiles the wheel, and returns its path.
fn build(repository: &Repository, libtorch: &LibTorch, python: &Path) -> Result<PathBuf> {
    let target = programs::target(repository);
    // Built in a folder of its own, so that it is known which file is new.
    let new =
        tempfile::tempdir_in(&target).with_context(|| format!("cannot write to {}", target.display()))?;
    let mut maturin = Command::new(python);
    maturin.args(["-m", "maturin", "build", "--release", "--skip-auditwheel", "--quiet"]);
    maturin.args(["--manifest-path", MANIFEST]).arg("--interpreter").arg(python).arg("--out").arg(new.path());
    forget_our_package(&mut maturin);
    // What other programs have compiled serves here too.
    maturin.env("CARGO_TARGET_DIR", &target).env("PYO3_PYTHON", python).current_dir(repository.root());
    if let Some(path) = path_with_cargo(repository) {
        maturin.env("PATH", path);
    }
    run_command(with_libtorch(&mut maturin, libtorch)?)?;
    let file = fs::read_dir(new.path())?.flatten().map(|entry| entry.path()).find(|path| is_wheel(path));
    let file = file.context("maturin built no wheel")?;
    let bytes = fs::metadata(&file)?.len();
    ensure!(bytes < MOST_BYTES, "the wheel has {bytes} bytes, more than {MOST_BYTES}");
    let folder = target.join("wheels");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let wheel = folder.join(file.file_name().context("a wheel has a name")?);
    fs::rename(&file, &wheel).with_context(|| format!("cannot write {}", wheel.display()))?;
    Ok(wheel)
}

fn is_wheel(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "whl")
}

/// The folder of the cargo that runs us comes first: maturin looks for one on the path.
fn path_with_cargo(repository: &Repository) -> Option<std::ffi::OsString> {
    let cargo = PathBuf::from(cargo(repository).get_program());
    let folder = cargo.parent().filter(|folder| folder.is_absolute())?.to_path_buf();
    let path = env::var_os("PATH").unwrap_or_default();
    env::join_paths([folder].into_iter().chain(env::split_paths(&path))).ok()
}

/// The Python that the user names, with its path in full, if it has what the build needs.
fn found(python: &Path) -> Result<PathBuf> {
    let program =
        "import sys, maturin, torch; assert torch.__version__.startswith('2.13.'); print(sys.executable)";
    let output = Command::new(python).args(["-c", program]).stderr(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {}", python.display()))?;
    ensure!(
        output.status.success(),
        "{0} has no torch 2.13 or no maturin: `{0} -m pip install torch==2.13.0 maturin`",
        python.display()
    );
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_without_what_is_needed_is_refused_with_the_way_out() {
        let error = found(Path::new("false")).unwrap_err().to_string();
        assert!(error.contains("-m pip install torch==2.13.0 maturin"), "{error}");
        let error = found(Path::new("no-such-python-here")).unwrap_err().to_string();
        assert_eq!(error, "cannot start no-such-python-here");
    }

    /// Else what other programs have compiled would be compiled again, and the package would compute by other versions.
    #[test]
    fn the_package_is_built_of_the_versions_that_the_workspace_is_built_of() {
        let versions = |file: &str| -> Vec<(String, String)> {
            let text = fs::read_to_string(Repository::find().unwrap().root().join(file)).unwrap();
            let lock: toml::Table = text.parse().unwrap();
            let word = |package: &toml::Value, key: &str| package[key].as_str().unwrap().to_owned();
            let packages = lock["package"].as_array().unwrap().iter();
            packages.map(|package| (word(package, "name"), word(package, "version"))).collect()
        };
        let workspace = versions("Cargo.lock");
        for (name, version) in versions("crates/bal-python/Cargo.lock") {
            let ours: Vec<&str> =
                workspace.iter().filter(|(n, _)| *n == name).map(|(_, v)| v.as_str()).collect();
            assert!(
                ours.is_empty() || ours.contains(&version.as_str()),
                "{name} {version}: the workspace has {ours:?}"
            );
        }
    }

    /// The package says which PyTorch it is for in three places.
    #[test]
    fn the_package_is_for_the_libtorch_that_is_set_up() {
        let root = Repository::find().unwrap().root().join("crates/bal-python");
        let minor = setup::VERSION.rsplit_once('.').unwrap().0;
        for (file, text) in [
            ("pyproject.toml", format!("torch=={minor}.*")),
            ("src/lib.rs", format!("{:?}", setup::VERSION)),
            ("python/bal/__init__.py", format!("_built_for = {minor:?}")),
        ] {
            assert!(
                fs::read_to_string(root.join(file)).unwrap().contains(&text),
                "{file} does not say {text}"
            );
        }
    }
}
