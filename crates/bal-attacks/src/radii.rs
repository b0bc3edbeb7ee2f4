//! The radii of an accuracy curve.

use crate::{SettingError, length};
use std::str::FromStr;

/// Radii on pixels in `[0, 1]`: at least one, finite, at least 0, ascending.
///
/// Radius 0 gives the accuracy on clean images.
#[derive(Clone, Debug, PartialEq)]
pub struct Radii(Vec<f64>);

impl Radii {
    /// These radii.
    ///
    /// # Errors
    /// [`SettingError::NoRadii`], [`SettingError::Radius`] or [`SettingError::Order`], naming the first
    /// that is wrong.
    pub fn new(radii: Vec<f64>) -> Result<Self, SettingError> {
        if radii.is_empty() {
            return Err(SettingError::NoRadii);
        }
        if let Some(&bad) = radii.iter().find(|r| !(r.is_finite() && **r >= 0.0)) {
            return Err(SettingError::Radius(bad));
        }
        match radii.array_windows().find(|[previous, next]| previous >= next) {
            Some(&[previous, next]) => Err(SettingError::Order { previous, next }),
            None => Ok(Self(radii)),
        }
    }

    /// The radii, ascending.
    pub fn as_slice(&self) -> &[f64] {
        &self.0
    }
}

impl FromStr for Radii {
    type Err = SettingError;

    /// Reads numbers and fractions with commas between them: `0,0.05,0.1`, `4/255,8/255`.
    fn from_str(text: &str) -> Result<Self, SettingError> {
        if text.trim().is_empty() {
            return Err(SettingError::NoRadii);
        }
        let number =
            |part: &str| length::read(part).ok_or_else(|| SettingError::RadiusText(part.trim().into()));
        Self::new(text.split(',').map(number).collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascending_numbers_are_read_with_or_without_blanks() {
        let radii: Radii = "0, .05,0.1 ,1".parse().unwrap();
        assert_eq!(radii.as_slice(), [0.0, 0.05, 0.1, 1.0]);
        let radii: Radii = "0,4/255, 8/255,0.1".parse().unwrap();
        assert_eq!(radii.as_slice(), [0.0, 4.0 / 255.0, 8.0 / 255.0, 0.1]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("", "no radius"),
            ("0,,1", "``"),
            ("0;1", "`0;1`"),
            ("0,-1", "-1"),
            ("NaN", "NaN"),
            ("0,inf", "inf"),
            ("0.1,0.05", "0.05 follows 0.1"),
            ("0.1,0.1", "0.1 follows 0.1"),
            ("8/0", "`8/0`"),
            ("8/255,4/255", "follows"),
        ] {
            let error = text.parse::<Radii>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
