//! The table of wheels: which files LibTorch is taken from, with their exact digests.

use std::env::consts::{ARCH, OS};
use std::path::Path;

use anyhow::{Context, Result, bail};
use bal_data::{Content, Digest};
use serde::Deserialize;

/// All wheels, for all machines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wheels {
    /// The version of LibTorch, without what follows a "+".
    pub(super) version: String,
    #[serde(rename = "wheel")]
    wheels: Vec<Wheel>,
}

/// A wheel, which is a zip archive.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wheel {
    target: String,
    /// What pip is asked for.
    pub(super) requirement: String,
    /// pip's name of the kind of machine.
    pub(super) platform: String,
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
    /// The archive's folder of headers, with "/" at its end.
    pub(super) include: Option<String>,
    #[serde(default)]
    pub(super) libraries: Vec<String>,
    #[serde(default)]
    unpacked: u64,
    #[serde(default)]
    cuda_libraries: Vec<String>,
    #[serde(default)]
    cuda_unpacked: u64,
}

/// The wheels for one machine; `libraries` and `unpacked` of each are all that is wanted from it.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) version: String,
    pub(super) cuda: bool,
    pub(super) wheels: Vec<Wheel>,
}

impl Wheels {
    /// The table that belongs to this source.
    pub(super) fn built_in() -> Result<Self> {
        toml::from_str(include_str!("wheels.toml")).context("xtask/src/setup/wheels.toml is not valid")
    }

    /// What this machine needs.
    pub(super) fn selection(&self, cuda: bool) -> Result<Selection> {
        self.selection_for(&format!("{OS}-{ARCH}"), cuda)
    }

    /// What a machine needs that is called `linux-x86_64` or the like.
    fn selection_for(&self, target: &str, cuda: bool) -> Result<Selection> {
        let ours = || self.wheels.iter().filter(|wheel| wheel.target == target);
        if ours().next().is_none() {
            bail!(
                "no LibTorch is listed for {target}: install LibTorch {} and set LIBTORCH to it",
                self.version
            );
        }
        if cuda && ours().all(|wheel| wheel.cuda_libraries.is_empty()) {
            bail!(
                "no CUDA libraries are listed for {target}: install LibTorch {} with CUDA and set LIBTORCH to it",
                self.version
            );
        }
        let wheels = ours().cloned().map(|wheel| if cuda { wheel.with_cuda() } else { wheel });
        let wheels = wheels.filter(|wheel| !wheel.libraries.is_empty()).collect();
        Ok(Selection { version: self.version.clone(), cuda, wheels })
    }
}

impl Wheel {
    fn with_cuda(mut self) -> Self {
        self.libraries.append(&mut self.cuda_libraries);
        self.unpacked += self.cuda_unpacked;
        self
    }

    /// What is wrong with the file at `path`, if anything.
    pub(super) fn fault(&self, path: &Path) -> Result<Option<String>> {
        let expected = Content { bytes: self.bytes, sha256: self.sha256 };
        let found = Content::of_file(path)?;
        Ok((found != expected).then(|| format!("it has {found}, not {expected}")))
    }
}

impl Selection {
    /// Size of all wheels in bytes.
    pub(super) fn download_bytes(&self) -> u64 {
        self.wheels.iter().map(|wheel| wheel.bytes).sum()
    }

    /// Size in bytes of what is unpacked from them.
    pub(super) fn unpacked_bytes(&self) -> u64 {
        self.wheels.iter().map(|wheel| wheel.unpacked).sum()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A wheel of two libraries and headers, to be found in `archive`.
    pub(in crate::setup) fn small_wheel(archive: &[u8]) -> Wheel {
        let Content { bytes, sha256 } = Content::of(archive);
        Wheel {
            target: "linux-x86_64".into(),
            requirement: "small==1".into(),
            platform: "any".into(),
            file: "small.whl".into(),
            bytes,
            sha256,
            include: Some("small/include/".into()),
            libraries: vec!["small/lib/liba.so".into(), "other/lib/libb.so.1".into()],
            unpacked: 100,
            cuda_libraries: vec![],
            cuda_unpacked: 0,
        }
    }

    #[test]
    fn every_listed_machine_gets_the_library_that_torch_sys_links() {
        let wheels = Wheels::built_in().unwrap();
        for (target, extension) in
            [("linux-x86_64", "so"), ("linux-aarch64", "so"), ("macos-aarch64", "dylib")]
        {
            let selection = wheels.selection_for(target, false).unwrap();
            for name in ["torch", "torch_cpu", "c10"] {
                let library = format!("torch/lib/lib{name}.{extension}");
                assert!(selection.wheels.iter().any(|wheel| wheel.libraries.contains(&library)), "{library}");
            }
            assert_eq!(selection.wheels.iter().filter(|wheel| wheel.include.is_some()).count(), 1);
        }
    }

    #[test]
    fn no_two_libraries_of_a_machine_share_a_name() {
        let selection = Wheels::built_in().unwrap().selection_for("linux-x86_64", true).unwrap();
        let libraries: Vec<_> = selection.wheels.iter().flat_map(|wheel| &wheel.libraries).collect();
        let names: BTreeSet<_> = libraries.iter().filter_map(|path| path.rsplit('/').next()).collect();
        assert_eq!(names.len(), libraries.len());
    }

    #[test]
    fn without_cuda_the_set_is_half_a_gigabyte_and_holds_no_cuda_wheels() {
        let selection = Wheels::built_in().unwrap().selection_for("linux-x86_64", false).unwrap();
        assert_eq!(selection.wheels.len(), 3);
        assert_eq!(selection.download_bytes(), 539_534_190);
        assert!(
            selection.wheels.iter().all(|wheel| !wheel.libraries.iter().any(|l| l.contains("torch_cuda")))
        );
    }

    #[test]
    fn with_cuda_the_libraries_of_the_plain_set_are_still_there() {
        let wheels = Wheels::built_in().unwrap();
        let plain = wheels.selection_for("linux-x86_64", false).unwrap();
        let cuda = wheels.selection_for("linux-x86_64", true).unwrap();
        let all: BTreeSet<_> = cuda.wheels.iter().flat_map(|wheel| &wheel.libraries).collect();
        assert!(plain.wheels.iter().flat_map(|wheel| &wheel.libraries).all(|library| all.contains(library)));
        assert!(all.contains(&"torch/lib/libtorch_cuda.so".to_owned()));
        assert!(cuda.unpacked_bytes() > plain.unpacked_bytes());
    }

    #[test]
    fn a_machine_without_wheels_is_told_the_way_out() {
        let wheels = Wheels::built_in().unwrap();
        for (target, cuda) in [("plan9-mips", false), ("macos-aarch64", true)] {
            let error = wheels.selection_for(target, cuda).unwrap_err().to_string();
            assert!(error.contains(target) && error.contains("set LIBTORCH"), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_in_the_table_is_an_error() {
        let error = toml::from_str::<Wheels>("version = '1'\nwheels = []\n").unwrap_err().to_string();
        assert!(error.contains("unknown field `wheels`"), "{error}");
    }
}
