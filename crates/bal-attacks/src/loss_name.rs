//! The losses that an attack can be told to raise.

use crate::{Objective, SettingError};
use std::{fmt, str::FromStr};

/// A loss by name; what it is, [`Objective`] says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LossName {
    /// [`Objective::CrossEntropy`].
    #[default]
    CrossEntropy,
    /// [`Objective::Margin`].
    Margin,
    /// [`Objective::Dlr`].
    Dlr,
    /// [`Objective::Confident`].
    Confident,
}

impl LossName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CrossEntropy, Self::Margin, Self::Dlr, Self::Confident];

    /// The name that files and commands use.
    pub fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross-entropy",
            Self::Margin => "margin",
            Self::Dlr => "dlr",
            Self::Confident => "confident",
        }
    }

    /// The loss itself.
    pub fn objective(self) -> Objective<'static> {
        match self {
            Self::CrossEntropy => Objective::CrossEntropy,
            Self::Margin => Objective::Margin,
            Self::Dlr => Objective::Dlr,
            Self::Confident => Objective::Confident,
        }
    }
}

impl fmt::Display for LossName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for LossName {
    type Err = SettingError;

    /// Reads the name, with `-` or `_` between words.
    fn from_str(name: &str) -> Result<Self, SettingError> {
        let found = Self::ALL.into_iter().find(|loss| loss.name() == name.replace('_', "-"));
        found.ok_or_else(|| SettingError::UnknownLoss(name.into()))
    }
}
