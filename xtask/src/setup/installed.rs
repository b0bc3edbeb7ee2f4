//! `libtorch/setup.toml`: what `setup` put there, by which a complete LibTorch is known.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bal_data::Content;
use serde::{Deserialize, Serialize};

use crate::setup::wheels::{Selection, Wheels};

const FILE: &str = "setup.toml";

/// The contents of the file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Installed {
    version: String,
    cuda: bool,
    wheels: Vec<String>,
    #[serde(rename = "library")]
    libraries: Vec<Library>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Library {
    file: String,
    bytes: u64,
    sha256: String,
}

impl Installed {
    /// Describes the libraries of `selection` as they are in `folder`.
    pub(super) fn describe(selection: &Selection, folder: &Path) -> Result<Self> {
        let mut libraries = Vec::new();
        for path in selection.wheels.iter().flat_map(|wheel| &wheel.libraries) {
            let file = format!("lib/{}", path.rsplit('/').next().unwrap_or(path));
            let Content { bytes, sha256 } = Content::of_file(&folder.join(&file))?;
            libraries.push(Library { file, bytes, sha256: sha256.to_string() });
        }
        Ok(Self {
            version: selection.version.clone(),
            cuda: selection.cuda,
            wheels: selection.wheels.iter().map(|wheel| wheel.file.clone()).collect(),
            libraries,
        })
    }

    /// Writes the file: the last thing to be put into `folder`.
    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        fs::write(&path, toml::to_string(self)?).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads the file; `None` where there is none, so the folder is not of our making, or no folder at all.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("cannot read {}", path.display()))?,
        };
        toml::from_str(&text).map(Some).with_context(|| {
            format!("{} is damaged: remove {} and repeat the command", path.display(), folder.display())
        })
    }

    /// Why this is not what `wheels` ask for, if it is not. Looks at sizes, which takes no time.
    pub(super) fn fault(&self, folder: &Path, wheels: &Wheels, cuda: bool) -> Option<String> {
        if self.version != wheels.version {
            return Some(format!("it is version {}, and {} is needed", self.version, wheels.version));
        }
        // The CUDA libraries contain the others: only their absence is a fault.
        if cuda && !self.cuda {
            return Some("it has no CUDA libraries".into());
        }
        self.libraries.iter().find_map(|library| match fs::metadata(folder.join(&library.file)) {
            Ok(metadata) if metadata.len() == library.bytes => None,
            Ok(metadata) => {
                Some(format!("{} has {} bytes, not {}", library.file, metadata.len(), library.bytes))
            }
            Err(error) => Some(format!("{} cannot be read ({error})", library.file)),
        })
    }

    /// Compares all digests.
    pub(super) fn verify(&self, folder: &Path) -> Result<()> {
        for library in &self.libraries {
            let found = Content::of_file(&folder.join(&library.file))?.sha256.to_string();
            ensure!(
                found == library.sha256,
                "{} has changed: its SHA-256 is {found}, and was {} when it was unpacked; remove {} and run \
                 `cargo xtask setup` again",
                library.file,
                library.sha256,
                folder.display()
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::wheels::tests::small_wheel;

    fn folder() -> (tempfile::TempDir, Installed) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("lib")).unwrap();
        fs::write(folder.path().join("lib/liba.so"), b"library a").unwrap();
        fs::write(folder.path().join("lib/libb.so.1"), b"library b").unwrap();
        let version = Wheels::built_in().unwrap().version;
        let selection = Selection { version, cuda: false, wheels: vec![small_wheel(b"")] };
        let installed = Installed::describe(&selection, folder.path()).unwrap();
        (folder, installed)
    }

    #[test]
    fn a_complete_folder_has_no_fault_and_reads_back() {
        let (folder, installed) = folder();
        installed.write(folder.path()).unwrap();
        let read = Installed::read(folder.path()).unwrap().unwrap();
        assert_eq!(read, installed);
        assert_eq!(read.fault(folder.path(), &Wheels::built_in().unwrap(), false), None);
        read.verify(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_without_the_file_is_not_ours() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Installed::read(folder.path()).unwrap(), None);
        assert_eq!(Installed::read(&folder.path().join("missing")).unwrap(), None);
    }

    #[test]
    fn missing_and_cut_libraries_are_faults() {
        let wheels = Wheels::built_in().unwrap();
        let (folder, installed) = folder();
        fs::write(folder.path().join("lib/liba.so"), b"lib").unwrap();
        let fault = installed.fault(folder.path(), &wheels, false).unwrap();
        assert_eq!(fault, "lib/liba.so has 3 bytes, not 9");
        fs::remove_file(folder.path().join("lib/liba.so")).unwrap();
        let fault = installed.fault(folder.path(), &wheels, false).unwrap();
        assert!(fault.starts_with("lib/liba.so cannot be read"), "{fault}");
    }

    #[test]
    fn cuda_is_a_fault_only_where_it_is_asked_for() {
        let wheels = Wheels::built_in().unwrap();
        let (folder, mut installed) = folder();
        assert!(installed.fault(folder.path(), &wheels, true).is_some());
        installed.cuda = true;
        assert_eq!(installed.fault(folder.path(), &wheels, true), None);
        assert_eq!(installed.fault(folder.path(), &wheels, false), None);
    }

    #[test]
    fn verify_finds_a_changed_library_of_the_same_size() {
        let (folder, installed) = folder();
        fs::write(folder.path().join("lib/libb.so.1"), b"library X").unwrap();
        let error = installed.verify(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("lib/libb.so.1 has changed"), "{error}");
    }
}
