//! Records the compiler's version, and where LibTorch is for a program that is copied elsewhere.

use std::{env, process::Command};

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|out| String::from_utf8(out.stdout).ok()).unwrap_or_default();
    println!("cargo::rustc-env=BAL_RUSTC={}", version.trim());
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    if let Ok(folder) = env::var("LIBTORCH") {
        let absolute = std::path::absolute(folder).unwrap_or_default();
        println!("cargo::rustc-link-arg-bins=-Wl,-rpath,{}", absolute.join("lib").display());
    }
}
