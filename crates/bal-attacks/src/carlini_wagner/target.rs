//! What counts as success: any error, or a certain one.

use crate::{
    ModelFault, SettingError, margin,
    still_robust::{StillRobust, beside},
};
use std::{fmt, str::FromStr};
use tch::{Kind, Tensor};

/// What an attack wants a model to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Any class but the label.
    AnyError,
    /// This class; images with that label are left as they are.
    Class(i64),
    /// The class that is least likely for the clean image.
    LeastLikely,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyError => f.write_str("any-error"),
            Self::Class(class) => write!(f, "{class}"),
            Self::LeastLikely => f.write_str("least-likely"),
        }
    }
}

impl FromStr for Target {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        match text {
            "any-error" => Ok(Self::AnyError),
            "least-likely" => Ok(Self::LeastLikely),
            _ => text.parse().map(Self::Class).map_err(|_| SettingError::UnknownTarget(text.into())),
        }
    }
}

impl Target {
    /// Refuses a class that the model does not have.
    pub(super) fn fits(self, classes: i64) -> Result<(), ModelFault> {
        match self {
            Self::Class(target) if !(0..classes).contains(&target) => {
                Err(ModelFault::Target { target, classes })
            }
            _ => Ok(()),
        }
    }

    /// The aim at each image.
    pub(super) fn of(self, robust: &StillRobust) -> Aim {
        let y = &robust.y;
        match self {
            Self::AnyError => Aim { targeted: false, class: y.shallow_clone(), label: y.shallow_clone() },
            Self::Class(target) => {
                Aim { targeted: true, class: y.full_like(target), label: y.shallow_clone() }
            }
            Self::LeastLikely => {
                let least = robust.logits.argmin(-1, false).to_kind(Kind::Int64);
                Aim { targeted: true, class: least, label: y.shallow_clone() }
            }
        }
    }
}

/// The class that each image has to leave, or to reach.
pub(super) struct Aim {
    targeted: bool,
    /// `[m]`.
    class: Tensor,
    /// `[m]`.
    label: Tensor,
}

impl Aim {
    /// The aim at some of the images.
    pub(super) fn only(&self, rows: &[i64]) -> Self {
        let index = beside(&self.class, rows);
        let of = |values: &Tensor| values.index_select(0, &index);
        Self { targeted: self.targeted, class: of(&self.class), label: of(&self.label) }
    }

    /// How far each image is from success, `[m]`: at most 0 where it is there.
    pub(super) fn loss(&self, logits: &Tensor) -> Tensor {
        let lead = margin::best_lead(logits, &self.class);
        if self.targeted { lead } else { -lead }
    }

    /// Where the model says what it should, and errs, `[m]`.
    pub(super) fn reached(&self, logits: &Tensor) -> Tensor {
        let says = logits.argmax(-1, false);
        let wrong = says.ne_tensor(&self.label);
        if self.targeted { wrong.logical_and(&says.eq_tensor(&self.class)) } else { wrong }
    }
}
