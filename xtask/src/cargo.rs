//! Cargo itself, and programs with LibTorch's libraries at hand.

use std::ffi::OsString;
use std::process::Command;
use std::{env, iter};

use anyhow::{Context, Result};

use crate::libtorch::LibTorch;
use bal_chores::Repository;

/// The variable in which the system's loader looks for libraries.
const LIBRARY_PATH: &str = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

/// What `cargo run` says to us of our own package. Build scripts watch these variables, and would run again, with all that
/// depends on them, whenever a command comes from here and then from a user's shell.
const OF_OUR_PACKAGE: [&str; 2] = ["CARGO_MANIFEST", "CARGO_PKG"];

/// The cargo that runs us, in the root of the checkout.
pub(crate) fn cargo(repository: &Repository) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(repository.root());
    forget_our_package(&mut command);
    command
}

/// Keeps from `command` what cargo says of our own package.
pub(crate) fn forget_our_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if OF_OUR_PACKAGE.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
}

/// A cargo whose programs and tests find LibTorch even where flags of the user's own, or a target folder elsewhere,
/// make them lose the path of .cargo/config.toml.
pub(crate) fn cargo_with(repository: &Repository, libtorch: &LibTorch) -> Result<Command> {
    let mut command = cargo(repository);
    with_libtorch(&mut command, libtorch)?;
    Ok(command)
}

/// The command, which then finds LibTorch, and so do the programs that it starts.
pub(crate) fn with_libtorch<'a>(command: &'a mut Command, libtorch: &LibTorch) -> Result<&'a mut Command> {
    Ok(command.env(LIBRARY_PATH, library_path(libtorch)?))
}

/// LibTorch's folder before those that the loader searches anyway.
fn library_path(libtorch: &LibTorch) -> Result<OsString> {
    let others = env::var_os(LIBRARY_PATH).unwrap_or_default();
    let others = env::split_paths(&others).filter(|path| !path.as_os_str().is_empty());
    env::join_paths(iter::once(libtorch.libraries.clone()).chain(others))
        .with_context(|| format!("{} cannot be part of {LIBRARY_PATH}", libtorch.libraries.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cargo_from_here_is_told_nothing_of_our_package() {
        // Cargo says these to tests, too.
        assert!(env::var_os("CARGO_PKG_NAME").is_some());
        let command = cargo(&Repository::find().unwrap());
        let removed = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name);
        assert!(removed.into_iter().any(|name| name == "CARGO_PKG_NAME"));
    }

    #[test]
    fn the_libraries_come_first() {
        let libtorch = LibTorch { libraries: "/somewhere/lib".into() };
        let path = library_path(&libtorch).unwrap();
        assert_eq!(env::split_paths(&path).next().unwrap(), libtorch.libraries);
    }
}
