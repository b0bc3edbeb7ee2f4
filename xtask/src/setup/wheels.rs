//! Which wheels LibTorch is taken from, machine by machine.
//!
//! The sets for linux-aarch64 and macos-aarch64, and CUDA, were put together from the libraries' own lists of what they need;
//! only linux-x86_64 without CUDA has been run.

use std::env::consts::{ARCH, OS};

use anyhow::{Result, bail};

/// The version of LibTorch.
pub(crate) const VERSION: &str = "2.13.0";

/// What pip is asked for.
#[derive(Debug)]
pub(super) struct Wheels {
    pub(super) version: &'static str,
    /// Requirements with hashes.
    pub(super) requirements: &'static str,
    /// pip's names of the kinds of machine that the wheels are for.
    pub(super) platforms: &'static [&'static str],
    /// What is downloaded.
    pub(super) size: &'static str,
    cuda: bool,
}

const X86_64: &[&str] =
    &["manylinux_2_28_x86_64", "manylinux_2_25_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"];
const X86_64_CUDA: &[&str] = &[
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_18_x86_64",
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
];
const AARCH64: &[&str] =
    &["manylinux_2_28_aarch64", "manylinux_2_25_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"];

impl Wheels {
    /// Those of this machine.
    pub(super) fn here(cuda: bool) -> Result<Self> {
        Self::of(&format!("{OS}-{ARCH}"), cuda)
    }

    /// Those of a machine that is called `linux-x86_64` or the like.
    pub(super) fn of(machine: &str, cuda: bool) -> Result<Self> {
        let (requirements, platforms, size) = match (machine, cuda) {
            ("linux-x86_64", false) => (include_str!("linux-x86_64.txt"), X86_64, "540 MB"),
            ("linux-x86_64", true) => (include_str!("linux-x86_64-cuda.txt"), X86_64_CUDA, "2.5 GB"),
            ("linux-aarch64", false) => (include_str!("linux-aarch64.txt"), AARCH64, "440 MB"),
            ("macos-aarch64", false) => {
                (include_str!("macos-aarch64.txt"), &["macosx_14_0_arm64"][..], "110 MB")
            }
            _ => bail!(
                "no LibTorch{} is listed for {machine}: install LibTorch {VERSION} and set LIBTORCH to it",
                if cuda { " with CUDA" } else { "" }
            ),
        };
        Ok(Self { version: VERSION, requirements, platforms, size, cuda })
    }

    /// Whether a library of the wheels is kept. Where `libtorch_cuda` is, torch-sys links it.
    pub(super) fn wants(&self, library: &str) -> bool {
        const PYTHON: [&str; 3] = ["python", "shm.", "global_deps"];
        const CUDA: [&str; 6] = ["_cuda", "nvrtc", "nvshmem", "nvperf", "checkpoint", "pcsampling"];
        let has = |parts: &[&str]| parts.iter().any(|part| library.contains(part));
        let is_library = [".so", ".dylib"].iter().any(|end| library.contains(end));
        is_library && !has(&PYTHON) && (self.cuda || !has(&CUDA))
    }

    /// By which a folder is known as made of these.
    pub(super) fn mark(&self) -> String {
        format!("# Written by `cargo xtask setup`: what this folder was made of.\n{}", self.requirements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wheel_has_a_hash_and_torch_is_the_version_that_the_binding_wants() {
        for (machine, cuda) in [
            ("linux-x86_64", false),
            ("linux-x86_64", true),
            ("linux-aarch64", false),
            ("macos-aarch64", false),
        ] {
            let wheels = Wheels::of(machine, cuda).unwrap();
            let named = wheels.requirements.lines().filter(|line| line.contains("==")).count();
            let hashes = wheels.requirements.lines().filter(|line| line.contains("--hash=sha256:")).count();
            assert!(named > 0 && named == hashes, "{machine}");
            assert!(wheels.requirements.contains(&format!("torch=={VERSION} ")), "{machine}");
        }
    }

    #[test]
    fn a_machine_without_wheels_is_told_the_way_out() {
        for (machine, cuda) in [("plan9-mips", false), ("macos-aarch64", true)] {
            let error = Wheels::of(machine, cuda).unwrap_err().to_string();
            assert!(error.contains(machine) && error.contains("set LIBTORCH"), "{error}");
        }
    }
}
