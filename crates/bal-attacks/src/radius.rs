//! One radius, as files and commands have it.

use crate::{SettingError, length};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A radius on pixels in `[0, 1]`, finite and at least 0.
///
/// Written as a number or as a fraction: in files `0.1` and `"8/255"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "f64", try_from = "Written")]
pub struct Radius(f64);

impl Radius {
    /// This radius.
    ///
    /// # Errors
    /// [`SettingError::Radius`] unless it is finite and at least 0.
    pub fn new(radius: f64) -> Result<Self, SettingError> {
        if radius.is_finite() && radius >= 0.0 { Ok(Self(radius)) } else { Err(SettingError::Radius(radius)) }
    }

    /// The radius as a number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl From<Radius> for f64 {
    fn from(radius: Radius) -> Self {
        radius.0
    }
}

impl fmt::Display for Radius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Radius {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        Self::new(length::read(text).ok_or_else(|| SettingError::RadiusText(text.trim().into()))?)
    }
}

/// A radius as files have it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a radius must be a number or a string such as \"8/255\"")]
enum Written {
    Number(f64),
    Text(String),
}

impl TryFrom<Written> for Radius {
    type Error = SettingError;

    fn try_from(written: Written) -> Result<Self, SettingError> {
        match written {
            Written::Number(radius) => Self::new(radius),
            Written::Text(text) => text.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_hold_a_number_or_a_fraction_and_are_given_the_number_back() {
        for (json, radius) in [("0.1", 0.1), ("\"8/255\"", 8.0 / 255.0), ("0", 0.0)] {
            let read: Radius = serde_json::from_str(json).unwrap();
            assert!((read.get() - radius).abs() < f64::EPSILON, "{json}");
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<Radius>(&written).unwrap(), read);
        }
        for (json, part) in [("-1", "-1"), ("\"8/x\"", "`8/x`"), ("[1]", "8/255"), ("\"nan\"", "NaN")] {
            let error = serde_json::from_str::<Radius>(json).unwrap_err().to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
