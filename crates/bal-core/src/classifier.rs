//! What attacks and evaluation know of a model.

use crate::{CoreError, Prediction, Replicate};
use tch::{Kind, TchError, Tensor};

/// A model that gives raw logits for images.
///
/// A point estimate is an ensemble of one. An attack leaves the classifier unchanged.
pub trait Classifier: Send {
    /// Number of classes.
    fn classes(&self) -> i64;

    /// Raw logits of every member, `[S, n, classes]`, for `x`: `[n, c, h, w]`, pixels in `[0, 1]`.
    ///
    /// Differentiable in `x`.
    ///
    /// # Errors
    /// [`ClassifierError`] when the model does not take such images.
    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError>;

    /// How the members are combined.
    fn prediction(&self) -> Prediction;

    /// The combined prediction, `[n, classes]`: rows of log probabilities or mean logits.
    ///
    /// # Errors
    /// As [`Classifier::member_logits`], and [`ClassifierError::Combined`] when its logits are not
    /// those of an ensemble.
    fn logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        Ok(self.prediction().combine(&self.member_logits(x)?)?)
    }

    /// The precision in which an attack computes a loss of the logits and its gradient with respect to them.
    ///
    /// In single precision the probability of a class that a model is sure of is 1 to the last bit, and the
    /// gradient of its surprise is rounded or zero, so attacks compute in double unless a model says otherwise.
    /// Training says so of its networks: a run has the bits that it had.
    fn loss_kind(&self) -> Kind {
        Kind::Double
    }

    /// The same model for another thread.
    fn replicate(&self) -> Box<dyn Classifier>;
}

impl Replicate for Box<dyn Classifier> {
    fn replicate(&self) -> Self {
        Classifier::replicate(&**self)
    }
}

/// A model that could not classify.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClassifierError {
    /// LibTorch refused an operation.
    #[error("the model cannot classify images of shape {shape:?}: {source}")]
    Refused {
        /// Shape of the batch given.
        shape: Vec<i64>,
        /// What LibTorch said.
        source: TchError,
    },
    /// The images are not what the architecture takes.
    #[error("{architecture} takes images of shape [{expected}], got a batch of shape {found:?}")]
    Input {
        /// The architecture's name.
        architecture: String,
        /// Channels, height and width that it takes.
        expected: String,
        /// Shape of the batch given.
        found: Vec<i64>,
    },
    /// A network that came out of a file failed on a batch, or gave something other than logits for it.
    #[error("{file}: the network, shown a batch of shape {shown:?}, {problem}")]
    File {
        /// The file.
        file: String,
        /// Shape of the batch given.
        shown: Vec<i64>,
        /// What it did.
        problem: String,
    },
    /// Images without classes.
    #[error("a classifier knows classes, but the images have values, of shape {found:?}")]
    Targets {
        /// Shape of the values.
        found: Vec<i64>,
    },
    /// What it gave cannot be combined.
    #[error(transparent)]
    Combined(#[from] CoreError),
}
