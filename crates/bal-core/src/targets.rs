//! What a model is to say of images.

use crate::{ClassifierError, Replicate};
use tch::Tensor;

/// The right answers for the images of a batch.
#[derive(Debug)]
#[non_exhaustive]
pub enum Targets {
    /// A class for each image: `[n]`, 64-bit integers in `0..classes`.
    Classes(Tensor),
    /// Numbers for each image: `[n, d]`, floats.
    Values(Tensor),
}

impl Targets {
    /// The classes, `[n]`.
    ///
    /// # Errors
    /// [`ClassifierError::Targets`] for values.
    pub fn classes(&self) -> Result<&Tensor, ClassifierError> {
        match self {
            Self::Classes(classes) => Ok(classes),
            Self::Values(values) => Err(ClassifierError::Targets { found: values.size() }),
        }
    }

    /// The values, `[n, d]`; `None` where there are classes.
    pub fn values(&self) -> Option<&Tensor> {
        match self {
            Self::Values(values) => Some(values),
            Self::Classes(_) => None,
        }
    }

    /// Their tensor, whichever they are.
    pub fn tensor(&self) -> &Tensor {
        match self {
            Self::Classes(tensor) | Self::Values(tensor) => tensor,
        }
    }

    /// What `of` makes of their tensor, as targets of the same kind: some of the rows, in another order, elsewhere.
    #[must_use]
    pub fn map(&self, of: impl FnOnce(&Tensor) -> Tensor) -> Self {
        match self {
            Self::Classes(classes) => Self::Classes(of(classes)),
            Self::Values(values) => Self::Values(of(values)),
        }
    }
}

impl Replicate for Targets {
    fn replicate(&self) -> Self {
        self.map(Tensor::detach)
    }
}
