//! What is asked of a calibration.

use crate::{ImageSelection, ModelSource};
use bal_attacks::{Norm, Radii};
use std::path::PathBuf;

/// Whose probabilities are measured, and on which images.
#[derive(Clone, Debug)]
pub struct CalibrateRequest {
    /// The model.
    pub model: ModelSource,
    /// The images.
    pub images: ImageSelection,
    /// Radii at which they are attacked, too, by PGD on the cross-entropy and on the confident loss.
    pub radii: Option<Radii>,
    /// Steps of PGD; 40 unless said.
    pub steps: Option<u64>,
    /// The norm of its ball; L-infinity unless said.
    pub norm: Option<Norm>,
    /// A file for all that was measured.
    pub json: Option<PathBuf>,
    /// The seed of random starts and of a sample of images.
    pub seed: u64,
}

impl CalibrateRequest {
    /// On clean test images of the run's data set, else of MNIST.
    pub fn new(model: ModelSource) -> Self {
        let images = ImageSelection::default();
        Self { model, images, radii: None, steps: None, norm: None, json: None, seed: 0 }
    }
}
