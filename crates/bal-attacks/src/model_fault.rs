//! What can be wrong with the model under an attack.

use bal_core::ClassifierError;
use tch::TchError;

/// What a model did wrong, or cannot do with the images that it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFault {
    /// A loss that orders more classes than there are.
    #[error(
        "the {loss} loss needs a model of at least {needed} classes, got one of {classes}{way_out}",
        way_out = if *classes > 1 { "; the margin and the cross-entropy take two" } else { "" }
    )]
    Classes {
        /// The loss.
        loss: &'static str,
        /// Classes that it takes.
        needed: i64,
        /// Classes of the model.
        classes: i64,
    },
    /// An attack that takes more classes than there are.
    #[error("the attack {attack} needs a model of at least {needed} classes, got one of {classes}")]
    FewClasses {
        /// The attack.
        attack: &'static str,
        /// Classes that it takes.
        needed: i64,
        /// Classes of the model.
        classes: i64,
    },
    /// A surrogate that answers another question.
    #[error("the surrogate has {surrogate} classes and the model {model}")]
    Surrogate {
        /// Classes of the surrogate.
        surrogate: i64,
        /// Classes of the model.
        model: i64,
    },
    /// A batch whose parts do not fit together.
    #[error(
        "a batch needs images [n, c, h, w] with n >= 1, n labels and n numbers; got images {images:?}, \
         labels {labels:?} and {indices} numbers"
    )]
    Batch {
        /// Shape of the images.
        images: Vec<i64>,
        /// Shape of the labels.
        labels: Vec<i64>,
        /// How many numbers there are.
        indices: usize,
    },
    /// A label that names no class.
    #[error("image {row} of the batch has label {label}, but the model has {classes} classes (from 0)")]
    Label {
        /// The image's row in the batch.
        row: usize,
        /// Its label.
        label: i64,
        /// Number of classes.
        classes: i64,
    },
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ClassifierError),
    /// Logits of a wrong shape.
    #[error("the model gave logits of shape {found:?} where {expected} was expected")]
    Logits {
        /// What the attack asked for.
        expected: String,
        /// What came.
        found: Vec<i64>,
    },
    /// A loss, logit or gradient that is not finite.
    #[error("the model gives image {row} of the batch a {what} that is not finite")]
    NotFinite {
        /// Which quantity.
        what: &'static str,
        /// The image's row in the batch.
        row: usize,
    },
    /// Logits through which no gradient reaches the images.
    #[error(
        "the model's logits have no gradient with respect to the images: it ignores them, or computes \
         outside of automatic differentiation; a gradient attack cannot say anything about it"
    )]
    NoGradient,
    /// LibTorch refused an operation outside the model.
    #[error("LibTorch refused an operation of the attack: {0}")]
    Refused(String),
    /// A class to be reached that the model does not have.
    #[error("the target is class {target}, but the model has {classes} classes (from 0)")]
    Target {
        /// The class asked for.
        target: i64,
        /// Number of classes.
        classes: i64,
    },
}

impl ModelFault {
    /// The same fault, said of the batch whose rows `rows` were picked from.
    pub(crate) fn of_rows(mut self, rows: &[i64]) -> Self {
        if let Self::Label { row, .. } | Self::NotFinite { row, .. } = &mut self {
            *row = rows.get(*row).map_or(*row, |&original| original as usize);
        }
        self
    }
}

impl From<TchError> for ModelFault {
    /// Keeps the first line: the rest is a trace through C++.
    fn from(error: TchError) -> Self {
        Self::Refused(error.to_string().lines().next().unwrap_or_default().to_string())
    }
}
