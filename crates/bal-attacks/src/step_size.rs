//! How far an iterated attack goes in one step.

use crate::{SettingError, length};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::{fmt, str::FromStr};

/// The length of a step, in the norm of the attack's ball.
///
/// Written as a number or a fraction, or as `radius/NUMBER`: in files `0.01`, `"2/255"` and `"radius/6"`.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub enum StepSize {
    /// This length, on pixels in `[0, 1]`.
    Absolute(f64),
    /// The ball's radius divided by this number: the steps of a curve grow with its radii.
    RadiusOver(f64),
}

impl StepSize {
    /// The length in a ball of this radius.
    pub fn at(self, radius: f64) -> f64 {
        match self {
            Self::Absolute(length) => length,
            Self::RadiusOver(divisor) => radius / divisor,
        }
    }

    /// Refuses lengths and divisors that are not finite and positive.
    pub(crate) fn checked(self) -> Result<Self, SettingError> {
        let (Self::Absolute(number) | Self::RadiusOver(number)) = self;
        if number.is_finite() && number > 0.0 {
            Ok(self)
        } else {
            Err(SettingError::StepSize(self.to_string()))
        }
    }
}

impl fmt::Display for StepSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute(length) => write!(f, "{length}"),
            Self::RadiusOver(divisor) => write!(f, "radius/{divisor}"),
        }
    }
}

impl FromStr for StepSize {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let number = |digits: &str| digits.trim().parse().map_err(|_| SettingError::StepSize(text.into()));
        let size = match text.trim().strip_prefix("radius/") {
            Some(divisor) => Self::RadiusOver(number(divisor)?),
            None => Self::Absolute(length::read(text).ok_or_else(|| SettingError::StepSize(text.into()))?),
        };
        size.checked()
    }
}

/// Reads the length of steps that no ball's radius measures.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    match StepSize::deserialize(from)? {
        StepSize::Absolute(length) => Ok(length),
        StepSize::RadiusOver(_) => {
            let wanted = "radius/NUMBER, where a number is wanted".into();
            Err(D::Error::custom(SettingError::StepSize(wanted)))
        }
    }
}

/// A step size as files have it.
#[derive(JsonSchema, Serialize, Deserialize)]
#[serde(untagged, expecting = "a step size must be a number or a string such as \"radius/6\"")]
enum Written {
    Number(f64),
    Text(String),
}

impl From<StepSize> for Written {
    fn from(size: StepSize) -> Self {
        match size {
            StepSize::Absolute(length) => Self::Number(length),
            StepSize::RadiusOver(_) => Self::Text(size.to_string()),
        }
    }
}

impl TryFrom<Written> for StepSize {
    type Error = SettingError;

    fn try_from(written: Written) -> Result<Self, SettingError> {
        match written {
            Written::Number(length) => Self::Absolute(length).checked(),
            Written::Text(text) => text.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_step_grows_with_the_radius_and_an_absolute_one_does_not() {
        for (text, length) in
            [("radius/6", 0.05), (" radius/ 6", 0.05), ("0.01", 0.01), ("2/255", 2.0 / 255.0)]
        {
            let found = text.parse::<StepSize>().unwrap().at(0.3);
            assert!((found - length).abs() < 1e-15, "{text}: {found}");
        }
    }

    #[test]
    fn what_is_no_positive_length_is_refused() {
        for text in
            ["0", "-0.1", "NaN", "inf", "radius/0", "radius/-2", "radius/NaN", "radius", "6/radius", ""]
        {
            let error = text.parse::<StepSize>().unwrap_err().to_string();
            assert!(error.contains("step size must be"), "{text}: {error}");
        }
    }

    #[test]
    fn files_hold_a_number_or_a_fraction_of_the_radius() {
        for (json, size) in [("0.25", StepSize::Absolute(0.25)), ("\"radius/6\"", StepSize::RadiusOver(6.0))]
        {
            assert_eq!(serde_json::from_str::<StepSize>(json).unwrap(), size);
            assert_eq!(serde_json::to_string(&size).unwrap(), json);
        }
        assert!(serde_json::from_str::<StepSize>("-1").is_err());
        assert!(serde_json::from_str::<StepSize>("[1]").unwrap_err().to_string().contains("radius/6"));
    }
}
