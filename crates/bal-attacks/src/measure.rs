//! What radii and distances measure.

use crate::{Norm, SettingError, SpatialMeasure};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a radius bounds, and what the distance to an error is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Measure {
    /// The change of pixels, in a norm.
    Pixels(Norm),
    /// How far pixels were moved.
    Spatial(SpatialMeasure),
}

impl Measure {
    /// The norm, of what changes pixels.
    pub fn norm(self) -> Option<Norm> {
        if let Self::Pixels(norm) = self { Some(norm) } else { None }
    }

    /// How movements are measured, of what moves pixels.
    pub fn spatial(self) -> Option<SpatialMeasure> {
        if let Self::Spatial(measure) = self { Some(measure) } else { None }
    }

    /// The name that files use: `linf`, `l2`, `flow`, `flow-cost` or `pose`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pixels(norm) => norm.name(),
            Self::Spatial(measure) => measure.name(),
        }
    }

    /// Refuses a radius that allows every image of so many pixels and channels together, see [`crate::Ball::suits`].
    ///
    /// # Errors
    /// [`SettingError::WholeBox`] for a norm.
    pub(crate) fn suits_images(self, radius: f64, pixels: i64) -> Result<(), SettingError> {
        self.norm().map_or(Ok(()), |norm| norm.suits_images(radius, pixels))
    }
}

impl From<Norm> for Measure {
    fn from(norm: Norm) -> Self {
        Self::Pixels(norm)
    }
}

impl From<SpatialMeasure> for Measure {
    fn from(measure: SpatialMeasure) -> Self {
        Self::Spatial(measure)
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Measure {
    type Err = SettingError;

    fn from_str(name: &str) -> Result<Self, SettingError> {
        let spatial = SpatialMeasure::ALL.into_iter().find(|measure| measure.name() == name);
        let norm = || name.parse().ok().map(Self::Pixels);
        spatial.map(Self::Spatial).or_else(norm).ok_or_else(|| SettingError::UnknownMeasure(name.into()))
    }
}

impl From<Measure> for &'static str {
    fn from(measure: Measure) -> Self {
        measure.name()
    }
}

impl TryFrom<String> for Measure {
    type Error = SettingError;

    fn try_from(name: String) -> Result<Self, SettingError> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_is_read_by_its_name() {
        for name in ["linf", "l2", "flow", "flow-cost", "pose"] {
            assert_eq!(name.parse::<Measure>().unwrap().to_string(), name);
        }
        let error = "l1".parse::<Measure>().unwrap_err().to_string();
        assert_eq!(error, "unknown measure `l1`; known are linf, l2, flow, flow-cost, pose");
    }
}
