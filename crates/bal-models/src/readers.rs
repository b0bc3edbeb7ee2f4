//! What reads files from outside, for those who try it on broken ones; no interface for others.

use crate::{ModelError, exported};
use std::path::Path;
use tch::Device;

/// Reads an exported program with its weights, and runs nothing.
pub fn exported(path: &Path) -> Result<(), ModelError> {
    let read = exported::read(path, Device::Cpu);
    read.map(drop).map_err(|reason| ModelError::NotExported { path: path.into(), reason })
}
