//! What a spatial attack is.

use super::SpatialMeasure;
use crate::{AttackError, ModelFault, SettingError};
use bal_core::{Batch, Classifier, NoiseStream};
use std::fmt::Debug;
use tch::Tensor;

/// An attack that moves the pixels of an image: it says how, and makes no image.
///
/// What it returns is a witness of how images were moved: flows or poses, as its [`SpatialMeasure`] says. The
/// evaluation makes the images of them, so that no attack is believed. Like a [`crate::BallAttack`] it is a value with its
/// settings.
pub trait SpatialAttack: Send + Sync + Debug {
    /// The name that commands and files use: `flow-pgd`.
    fn name(&self) -> &'static str;

    /// What it returns, and how the size of that is measured.
    fn measure(&self) -> SpatialMeasure;

    /// Whether it seeks the error with the smallest witness. It is then asked once, without a bound, and radii only say
    /// where to read off the curve.
    fn seeks_nearest(&self) -> bool {
        false
    }

    /// How each image is to be moved: shaped as [`SpatialMeasure::shape`] says, without a graph, all zeros for an image that
    /// stays as it is.
    ///
    /// No size is above `radius`, which is positive, and infinite for an attack that seeks the nearest error.
    /// `noise` gives random numbers, keyed by image.
    ///
    /// # Errors
    /// [`AttackError`] when batch and model do not fit together, or the model cannot be attacked.
    fn transform(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radius: f64,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError>;

    /// Refuses models of so many classes, if the attack is defined for more only.
    ///
    /// # Errors
    /// [`ModelFault::Classes`].
    fn suits_classes(&self, _classes: i64) -> Result<(), ModelFault> {
        Ok(())
    }

    /// Refuses images of this shape, `[c, h, w]`, where they do not fit the settings.
    ///
    /// # Errors
    /// [`SettingError::OutOfRange`].
    fn suits_images(&self, _shape: &[i64]) -> Result<(), SettingError> {
        Ok(())
    }
}
