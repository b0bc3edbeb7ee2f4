//! What the examples on attacks attack: a TorchScript network, and images with the classes that it gives them.

#![deny(missing_docs)]

use anyhow::Result;
use bal_attacks::predicted_classes;
use bal_core::{Images, NoiseKey, NoiseStream, Prediction, Purpose};
use bal_models::{Normalisation, SavedNetworks, SavedSettings};
use std::path::{Path, PathBuf};
use tch::{Device, Kind, Tensor};

/// A small network of the tests, for whoever has none at hand: 28x28 gray images, ten classes, weights of a formula.
pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/bal-models/tests/fixtures/torchscript.pt")
}

/// The network in `file`, which takes images `[n, 1, 28, 28]`, and `count` images of uniform noise.
///
/// Their labels are the network's own answers, so every image is right before an attack, and accuracy is the share
/// of answers that the attack leaves.
///
/// # Errors
/// When the file is no such network.
pub fn subject(file: &Path, count: i64) -> Result<(SavedNetworks, Images)> {
    let key = NoiseKey { seed: 1, purpose: Purpose::Test, sweep: 0, chain: 0 };
    let like = Tensor::zeros([count, 1, 28, 28], (Kind::Float, Device::Cpu));
    let x = NoiseStream::new(key).uniform_like(&like);
    let settings = SavedSettings {
        files: vec![file.to_path_buf()],
        input: [1, 28, 28],
        classes: None,
        normalisation: Normalisation::new(vec![0.1307], vec![0.3081])?,
        prediction: Prediction::MeanProbability,
        device: Device::Cpu,
    };
    let model = SavedNetworks::load(settings, &x.narrow(0, 0, count.min(8)))?;
    let labels = predicted_classes(&model, &x)?;
    let images = Images::new(x, &labels, Device::Cpu)?;
    Ok((model, images))
}
