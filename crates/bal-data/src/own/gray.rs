//! How a colour becomes gray.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The gray of a colour, rounded to a whole byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gray {
    /// `(R + G + B) / 3`, as in the paper's experiments.
    #[default]
    Mean,
    /// `(19595 R + 38470 G + 7471 B) / 2^16`: the luma of ITU-R BT.601, as the eye weighs colours, by the numbers of
    /// Pillow's `convert("L")`, which torchvision's `Grayscale` calls.
    Luma,
}

impl fmt::Display for Gray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mean => "mean",
            Self::Luma => "luma",
        })
    }
}

impl FromStr for Gray {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mean" => Ok(Self::Mean),
            "luma" => Ok(Self::Luma),
            _ => Err(format!("unknown way to gray {text:?}; known are mean and luma")),
        }
    }
}

impl Gray {
    /// The gray of one pixel.
    pub(super) fn of(self, rgb: [u8; 3]) -> u8 {
        let [red, green, blue] = rgb.map(u32::from);
        (match self {
            // A third is never in the middle.
            Self::Mean => (red + green + blue + 1) / 3,
            Self::Luma => (19_595 * red + 38_470 * green + 7471 * blue + (1 << 15)) >> 16,
        }) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_of_gray_is_itself_and_luma_weighs_green_most() {
        for gray in [Gray::Mean, Gray::Luma] {
            assert!((0..=255).all(|level| gray.of([level; 3]) == level), "{gray:?}");
        }
        assert_eq!([[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|rgb| Gray::Mean.of(rgb)), [85; 3]);
        // Pillow 13: Image.new("RGB", (1, 1), rgb).convert("L").
        assert_eq!([[255, 0, 0], [0, 255, 0], [0, 0, 255]].map(|rgb| Gray::Luma.of(rgb)), [76, 150, 29]);
    }
}
