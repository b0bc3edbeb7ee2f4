//! What an attack can meet.

use crate::{ModelFault, SettingError};
use bal_core::ClassifierError;
use tch::TchError;

/// Why an attack made nothing of a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttackError {
    /// The attack cannot be as it is asked for.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The model cannot be attacked.
    #[error(transparent)]
    Model(#[from] ModelFault),
    /// An attack that gave something other than images like those it got.
    #[error("the attack {attack} returned a batch of shape {found:?} for one of shape {expected:?}")]
    Shape {
        /// The attack.
        attack: String,
        /// Shape of the batch given.
        expected: Vec<i64>,
        /// Shape of what came back.
        found: Vec<i64>,
    },
}

impl AttackError {
    /// The same error, said of the batch whose rows `rows` were picked from.
    pub(crate) fn of_rows(self, rows: &[i64]) -> Self {
        match self {
            Self::Model(fault) => Self::Model(fault.of_rows(rows)),
            other => other,
        }
    }
}

impl From<TchError> for AttackError {
    fn from(error: TchError) -> Self {
        Self::Model(error.into())
    }
}

impl From<ClassifierError> for AttackError {
    fn from(error: ClassifierError) -> Self {
        Self::Model(error.into())
    }
}
