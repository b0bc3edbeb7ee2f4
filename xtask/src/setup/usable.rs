//! Whether a LibTorch that somebody else installed can be used.

use std::env::consts::DLL_EXTENSION;
use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result, ensure};

/// Checks that the folder `libraries` holds LibTorch, and `include` its headers of `version`.
pub(super) fn check(libraries: &Path, include: &Path, version: &str) -> Result<()> {
    let library = libraries.join(format!("libtorch_cpu.{DLL_EXTENSION}"));
    ensure!(library.is_file(), "there is no {}", library.display());
    let header = include.join("torch/csrc/api/include/torch/torch.h");
    ensure!(header.is_file(), "there is no {}", header.display());

    // torch-sys has the same way round its own check.
    if env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some() {
        return Ok(());
    }
    let file = include.join("torch/headeronly/version.h");
    let text = fs::read_to_string(&file).with_context(|| {
        format!("LibTorch {version} is needed, and this is an older one: it has no {}", file.display())
    })?;
    let found = version_in(&text).with_context(|| format!("{} states no version", file.display()))?;
    ensure!(found == version, "LibTorch {version} is needed, and this is {found}");
    Ok(())
}

/// The value of `TORCH_VERSION` in the header.
fn version_in(header: &str) -> Option<&str> {
    let (_, after) = header.split_once("#define TORCH_VERSION \\")?;
    after.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libtorch(version: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(&format!("lib/libtorch_cpu.{DLL_EXTENSION}"), "");
        write("include/torch/csrc/api/include/torch/torch.h", "");
        let header = format!("#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION \\\n  \"{version}\"\n");
        write("include/torch/headeronly/version.h", &header);
        folder
    }

    fn checked(folder: &Path) -> Result<()> {
        check(&folder.join("lib"), &folder.join("include"), "2.13.0")
    }

    #[test]
    fn the_right_version_is_usable() {
        checked(libtorch("2.13.0").path()).unwrap();
    }

    #[test]
    fn another_version_is_named() {
        let error = checked(libtorch("2.12.1").path()).unwrap_err().to_string();
        assert_eq!(error, "LibTorch 2.13.0 is needed, and this is 2.12.1");
    }

    #[test]
    fn a_missing_part_is_named() {
        for part in ["lib", "include"] {
            let folder = libtorch("2.13.0");
            fs::remove_dir_all(folder.path().join(part)).unwrap();
            let error = checked(folder.path()).unwrap_err().to_string();
            assert!(error.starts_with("there is no ") && error.contains(part), "{error}");
        }
    }
}
