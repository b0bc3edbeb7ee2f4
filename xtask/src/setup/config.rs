//! `.cargo/libtorch.toml`: by it any cargo command in the checkout finds LibTorch.

use anyhow::{Context, Result};

use bal_chores::Repository;

/// Relative, so that the checkout can be moved; cargo leaves a LIBTORCH of the environment alone.
const CONTENT: &str = "\
# Written by `cargo xtask setup`: where torch-sys finds LibTorch.
[env]
LIBTORCH = { value = \"libtorch\", relative = true }
";

/// Writes the file, unless it is there.
pub(super) fn write(repository: &Repository) -> Result<()> {
    let path = repository.root().join(".cargo/libtorch.toml");
    if std::fs::read(&path).is_ok_and(|found| found == CONTENT.as_bytes()) {
        return Ok(());
    }
    bal_files::write(&path, CONTENT.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_file_says_where_libtorch_is_relative_to_the_checkout() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        fs::create_dir(folder.path().join(".cargo")).unwrap();
        write(&Repository::at(folder.path()).unwrap()).unwrap();
        let text = fs::read_to_string(folder.path().join(".cargo/libtorch.toml")).unwrap();
        let table: toml::Table = text.parse().unwrap();
        assert_eq!(table["env"]["LIBTORCH"]["value"].as_str(), Some("libtorch"));
        assert_eq!(table["env"]["LIBTORCH"]["relative"].as_bool(), Some(true));
    }
}
