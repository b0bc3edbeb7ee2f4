//! What became of images under attack.

use tch::Tensor;

/// What became of images at one radius, image by image.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The model's classes for the changed images.
    pub predicted: Vec<i64>,
    /// Which of [`crate::Attack::parts`] broke an image; `None` for one that stands or was wrong from the start.
    pub broken_by: Vec<Option<usize>>,
    /// Euclidean length of the change, in double precision.
    pub l2: Vec<f64>,
    /// Greatest change of a pixel, in double precision.
    pub linf: Vec<f64>,
    /// Of an attack that moves pixels: how far, in its measure and double precision. `None` for other attacks.
    pub size: Option<Vec<f64>>,
}

/// What an attack made of images.
pub(super) struct Attacked {
    /// One per radius.
    pub(super) outcomes: Vec<Outcome>,
    /// The changed images of each radius.
    pub(super) x: Vec<Tensor>,
    /// What moved their pixels, of an attack that moves them; none of others.
    pub(super) witness: Vec<Tensor>,
    /// How far the nearest errors are, of an attack that seeks them.
    pub(super) distances: Option<Vec<Option<f64>>>,
}

impl Outcome {
    /// Whether each image is classified rightly.
    pub(super) fn correct<'a>(&'a self, labels: &'a [i64]) -> impl Iterator<Item = bool> + 'a {
        self.predicted.iter().zip(labels).map(|(predicted, label)| predicted == label)
    }
}
