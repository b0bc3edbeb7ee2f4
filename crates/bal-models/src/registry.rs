//! Architectures by name.

use crate::mlp::mlp;
use crate::tramer::tramer;
use crate::{AdvganDiscriminator, AdvganGenerator, Cnn, ModelError, Regressor, ResnetFrn, Sizes, Stn};
use bal_core::Architecture;
use std::sync::Arc;

/// Sizes of the paper's MNIST images.
const MNIST: Sizes = Sizes { input: [1, 28, 28], classes: 10 };

/// The architecture that files and settings call `name`, for images and classes of these `sizes`, or of the paper's: `[1, 32, 32]` and
/// 43 for `stn`, `[1, 28, 28]` and 10 for all others.
///
/// | name | what |
/// |---|---|
/// | `cnn` | the paper's network for MNIST, [`Cnn`] |
/// | `cnn-wide` | the same with twice the filters |
/// | `stn` | the paper's network for GTSRB, with a spatial transformer, [`Stn`] |
/// | `mlp-H-H` | fully connected, with the units of each hidden layer: `mlp-1200-1200` |
/// | `resnet-frn-N` | residual, without batch statistics, of N = 6k + 2 layers: `resnet-frn-20`, [`ResnetFrn`] |
/// | `tramer-a` to `tramer-d` | the networks of ensemble adversarial training (Tramèr et al., ICLR 2018) |
/// | `regression-mlp-H`, `regression-fixed-mlp-H` | says a value of each row of a table, [`Regressor`]; no classifier |
/// | `advgan-generator` | changes images, [`AdvganGenerator`]; no classifier |
/// | `advgan-discriminator` | tells images of the data from those that a generator changed, [`AdvganDiscriminator`]; no classifier |
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
        (AdvganGenerator::NAME, sizes) => Arc::new(AdvganGenerator::new(sizes.unwrap_or(MNIST))?),
        (AdvganDiscriminator::NAME, sizes) => Arc::new(AdvganDiscriminator::new(sizes.unwrap_or(MNIST))?),
        (name, sizes) => {
            let sizes = sizes.unwrap_or(MNIST);
            if let Some(network) = Regressor::named(name, sizes) {
                return Ok(Arc::new(network?));
            }
            let unknown = || Err(ModelError::Architecture { name: name.into() });
            if let Some(network) = ResnetFrn::named(name, sizes) {
                return Ok(Arc::new(network?));
            }
            Arc::new(mlp(name, sizes).or_else(|| tramer(name, sizes)).unwrap_or_else(unknown)?)
        }
    })
}
