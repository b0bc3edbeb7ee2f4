//! Architectures by name.

use crate::{Cnn, ModelError, Stn};
use bal_core::Architecture;
use std::sync::Arc;

/// The architecture that files and settings call `name`: `cnn` or `stn`.
///
/// # Errors
/// [`ModelError::Architecture`] for any other name.
pub fn architecture(name: &str) -> Result<Arc<dyn Architecture>, ModelError> {
    match name {
        "cnn" => Ok(Arc::new(Cnn::mnist())),
        "stn" => Ok(Arc::new(Stn::gtsrb())),
        _ => Err(ModelError::Architecture { name: name.into() }),
    }
}
