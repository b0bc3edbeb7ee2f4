//! Architectures by name.

use crate::{Cnn, ModelError, Sizes, Stn};
use bal_core::Architecture;
use std::sync::Arc;

/// The architecture that files and settings call `name`, `cnn`, `cnn-wide` or `stn`, for images and classes of these `sizes`, or of
/// the paper's: `[1, 28, 28]` and 10 for the first two, `[1, 32, 32]` and 43 for the last.
///
/// # Errors
/// [`ModelError::Architecture`] for any other name, [`ModelError::Sizes`] for sizes that it cannot have.
pub fn architecture(name: &str, sizes: Option<Sizes>) -> Result<Arc<dyn Architecture>, ModelError> {
    Ok(match (name, sizes) {
        ("cnn", None) => Arc::new(Cnn::mnist()),
        ("cnn", Some(sizes)) => Arc::new(Cnn::new(sizes)?),
        ("cnn-wide", None) => Arc::new(Cnn::wide_mnist()),
        ("cnn-wide", Some(sizes)) => Arc::new(Cnn::wide(sizes)?),
        ("stn", None) => Arc::new(Stn::gtsrb()),
        ("stn", Some(sizes)) => Arc::new(Stn::new(sizes)?),
        _ => return Err(ModelError::Architecture { name: name.into() }),
    })
}
