//! What bringing an image into a form may lose or make up.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A change that loses or makes up something of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conversion {
    /// Turned or mirrored as its EXIF data say.
    Upright,
    /// 16 bits per channel became 8.
    From16Bit,
    /// Transparency was dropped; colours under it are as stored.
    AlphaDropped,
    /// RGB became gray.
    ToGray,
    /// Height or width was changed.
    Resized,
    /// Gray became RGB.
    ToColour,
}

impl fmt::Display for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upright => "turned upright",
            Self::From16Bit => "reduced from 16 to 8 bits",
            Self::AlphaDropped => "stripped of transparency",
            Self::ToGray => "made gray",
            Self::Resized => "resized",
            Self::ToColour => "made RGB from gray",
        })
    }
}
