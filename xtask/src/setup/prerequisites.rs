//! The compilers that have to be there before LibTorch is of any use.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Checks the versions of Rust, and that there is a C++ compiler for the binding to LibTorch.
pub(super) fn check() -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo).arg("--version").output().context("cannot start cargo")?;
    check_rust(&String::from_utf8_lossy(&output.stdout), env!("CARGO_PKG_RUST_VERSION"))?;
    check_cxx(&env::var("CXX").unwrap_or_else(|_| "c++".into()))
}

/// `found` is what `cargo --version` prints; `needed` is "1.95" or the like.
fn check_rust(found: &str, needed: &str) -> Result<()> {
    let version = found.split_whitespace().nth(1).unwrap_or(found);
    let recent = match (numbers(version), numbers(needed)) {
        (Some(found), Some(needed)) => found >= needed,
        _ => false,
    };
    ensure!(
        recent,
        "Rust {needed} or later is needed, whose cargo reads .cargo/libtorch.toml, and this is {version:?}: \
         `rustup update stable`"
    );
    Ok(())
}

/// Major and minor version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// `name` may have flags, or a compiler after a launcher, as the cc crate allows in CXX.
fn check_cxx(name: &str) -> Result<()> {
    let mut words = name.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("c++"));
    let status = command.args(words).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(
        status.is_ok_and(|status| status.success()),
        "the binding to LibTorch is compiled with a C++ compiler, and `{name}` does not run (Debian: \
         `apt-get install g++`; macOS: `xcode-select --install`)"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_or_unreadable_version_of_rust_is_refused_with_the_way_out() {
        for found in ["cargo 1.94.1 (abc 2026-01-01)", "cargo 0.99.0", "cargo", ""] {
            let error = check_rust(found, "1.95").unwrap_err().to_string();
            assert!(error.contains("Rust 1.95 or later") && error.contains("rustup"), "{error}");
        }
    }

    #[test]
    fn the_version_itself_and_later_ones_will_do() {
        for found in ["cargo 1.95.0 (f2d3ce0bd 2026-03-21)", "cargo 1.100.0-nightly", "cargo 2.0.0"] {
            check_rust(found, "1.95").unwrap();
        }
    }

    #[test]
    fn a_missing_compiler_is_named() {
        let error = check_cxx("no-such-compiler --flag").unwrap_err().to_string();
        assert!(error.contains("no-such-compiler") && error.contains("g++"), "{error}");
    }
}
