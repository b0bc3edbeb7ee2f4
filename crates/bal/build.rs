//! Records the compiler's version, for the records of runs.

use std::{env, process::Command};

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|out| String::from_utf8(out.stdout).ok()).unwrap_or_default();
    println!("cargo::rustc-env=BAL_RUSTC={}", version.trim());
    println!("cargo::rerun-if-changed=build.rs");
}
