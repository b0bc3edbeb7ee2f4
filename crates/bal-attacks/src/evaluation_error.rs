//! What can go wrong in an evaluation.

use crate::{AttackError, ModelFault, Norm, SettingError, SpatialMeasure, StoreError};
use bal_core::ClassifierError;
use tch::TchError;

/// An evaluation that cannot be made, a fault of the model or the attack in it, or an attack that broke its promise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The attack failed.
    #[error(transparent)]
    Attack(#[from] AttackError),
    /// There is nothing to evaluate.
    #[error("there are no images to evaluate on; the data set has {images} and the limit is {limit}")]
    NoImages {
        /// Images in the data set.
        images: i64,
        /// How many were asked for.
        limit: String,
    },
    /// An image of the data set with pixels that are none.
    #[error("image {image} of the data set has pixels outside [0, 1]; scale them first")]
    Pixels {
        /// The image's number in the data set.
        image: i64,
    },
    /// An attack that gave another number of batches than radii were asked for.
    #[error("the attack {attack} returned {found} batches for {expected} radii")]
    Count {
        /// The attack.
        attack: String,
        /// How many radii there are.
        expected: usize,
        /// How many batches came back.
        found: usize,
    },
    /// An attack whose account of who broke what cannot be true.
    #[error("the attack {attack} accounts for its images wrongly: {problem}")]
    Account {
        /// The attack.
        attack: String,
        /// What is wrong with the account.
        problem: String,
    },
    /// What is kept of an evaluation, to go on after an interruption, could not be written or read.
    #[error(transparent)]
    Store(StoreError),
    /// An attack that went further than it may.
    #[error(
        "the attack {attack} left its {norm} ball on image {image}: distance {distance}, radius {radius}"
    )]
    OutsideBall {
        /// The attack.
        attack: String,
        /// The ball's norm.
        norm: Norm,
        /// The ball's radius.
        radius: f64,
        /// The image's number in the data set.
        image: i64,
        /// How far from the image the attack went.
        distance: f64,
    },
    /// An attack that moved pixels further than it may.
    #[error(
        "the attack {attack} moved image {image} further than it may: the size of its {measure} is {size}, the radius {radius}"
    )]
    BeyondRadius {
        /// The attack.
        attack: String,
        /// What it moved pixels by.
        measure: SpatialMeasure,
        /// How far it may.
        radius: f64,
        /// The image's number in the data set.
        image: i64,
        /// How far it went.
        size: f64,
    },
    /// An attack that moved pixels by what is no number.
    #[error("the attack {attack} moved image {image} by a {measure} that is not finite")]
    NoMovement {
        /// The attack.
        attack: String,
        /// What it moved pixels by.
        measure: SpatialMeasure,
        /// The image's number in the data set.
        image: i64,
    },
    /// Moved images without what moved them.
    #[error("there is no {measure} that made the images of the attack {attack}")]
    NoWitness {
        /// The attack.
        attack: String,
        /// What it moves pixels by.
        measure: SpatialMeasure,
    },
    /// A moved image that is another one than is said.
    #[error("image {image} is not what its {measure} makes of it: a pixel differs by {difference}")]
    OtherImage {
        /// What is said to have moved its pixels.
        measure: SpatialMeasure,
        /// The image's number in the data set.
        image: i64,
        /// The greatest difference of a pixel.
        difference: f64,
    },
    /// An attack that left the cube of images, or the numbers.
    #[error("the attack {attack} left [0, 1] on image {image}: its pixels reach from {low} to {high}")]
    OutsideBox {
        /// The attack.
        attack: String,
        /// The image's number in the data set.
        image: i64,
        /// The least pixel.
        low: f64,
        /// The greatest pixel.
        high: f64,
    },
    /// An attack failed in an evaluation.
    #[error("{attack} on images {first} to {last}: {source}")]
    During {
        /// The attack.
        attack: String,
        /// Number of the batch's first image in the data set.
        first: i64,
        /// Number of its last.
        last: i64,
        /// What went wrong.
        source: Box<EvaluationError>,
    },
}

impl EvaluationError {
    /// What the model did, if that is what went wrong, on all images or on some.
    pub fn model_fault(&self) -> Option<&ModelFault> {
        match self {
            Self::Attack(AttackError::Model(fault)) => Some(fault),
            Self::During { source, .. } => source.model_fault(),
            _ => None,
        }
    }
}

impl From<SettingError> for EvaluationError {
    fn from(error: SettingError) -> Self {
        Self::Attack(error.into())
    }
}

impl From<ModelFault> for EvaluationError {
    fn from(fault: ModelFault) -> Self {
        Self::Attack(fault.into())
    }
}

impl From<ClassifierError> for EvaluationError {
    fn from(error: ClassifierError) -> Self {
        Self::Attack(error.into())
    }
}

impl From<TchError> for EvaluationError {
    fn from(error: TchError) -> Self {
        Self::Attack(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::EvaluationError;
    use std::{error::Error, io};

    #[test]
    fn what_cannot_be_kept_says_why() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot write a.json")]
        struct Cause(#[source] io::Error);
        let error = EvaluationError::Store(Box::new(Cause(io::Error::other("no room"))));
        assert_eq!(error.to_string(), "cannot write a.json");
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no room"));
    }
}
