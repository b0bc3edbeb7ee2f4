//! What bringing an image into a form may lose or make up.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Gray, Ground};

/// A change that loses or makes up something of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conversion {
    /// Turned or mirrored as its EXIF data say.
    Upright,
    /// 16 bits per channel became 8.
    From16Bit,
    /// Transparent parts were laid on white.
    OnWhite,
    /// Transparent parts were laid on black.
    OnBlack,
    /// RGB became gray, the mean of the channels.
    ToGray,
    /// RGB became gray, its luma.
    ToLuma,
    /// Height or width was changed.
    Resized,
    /// Gray became RGB.
    ToColour,
}

impl From<Gray> for Conversion {
    fn from(gray: Gray) -> Self {
        match gray {
            Gray::Mean => Self::ToGray,
            Gray::Luma => Self::ToLuma,
        }
    }
}

impl From<Ground> for Conversion {
    fn from(ground: Ground) -> Self {
        match ground {
            Ground::White => Self::OnWhite,
            Ground::Black => Self::OnBlack,
        }
    }
}

impl fmt::Display for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upright => "turned upright",
            Self::From16Bit => "reduced from 16 to 8 bits",
            Self::OnWhite => "laid on white where transparent",
            Self::OnBlack => "laid on black where transparent",
            Self::ToGray => "made gray by the mean of R, G and B",
            Self::ToLuma => "made gray by their luma",
            Self::Resized => "resized",
            Self::ToColour => "made RGB from gray",
        })
    }
}
