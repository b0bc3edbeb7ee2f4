//! What tells the bytes of a file from those of others.

use anyhow::{Context, Result};
use bal_data::Digest;
use std::path::Path;

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn digest(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Digest::of(&bytes).to_string())
}
