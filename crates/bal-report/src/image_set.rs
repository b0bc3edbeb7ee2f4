//! Which images a measurement is of, exactly.

use serde::{Deserialize, Serialize};

/// A part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// The test images.
    Test,
    /// The training images that the run did not train on, to choose settings by.
    HeldOut,
    /// The images that the run was trained on: what it learned by heart, and no measure of what it does elsewhere.
    Train,
}

impl Split {
    /// As it stands before "images": `test`, `held-out training`, `training`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::HeldOut => "held-out training",
            Self::Train => "training",
        }
    }
}

/// The images of a measurement, told by what was computed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSet {
    /// SHA-256 of the images as the network saw them, of their labels, in their order, and of the names of the classes;
    /// 64 hexadecimal digits.
    pub digest: String,
    /// What the classes are called, in the order of the network's outputs; of images of the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// How many of the images the model was trained on, or chosen by; absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<u64>,
}

impl ImageSet {
    /// Says what cannot be in a measurement of so many images.
    pub(crate) fn check(&self, images: u64) -> Result<(), String> {
        is_digest("image_set.digest", &self.digest)?;
        match self.trained_on {
            Some(count) if count > images => {
                Err(format!("image_set.trained_on is {count}, but images is {images}"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses what is no SHA-256 in hexadecimal.
pub(crate) fn is_digest(key: &str, text: &str) -> Result<(), String> {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits && text.len() == 64 {
        return Ok(());
    }
    Err(format!("{key} must be 64 hexadecimal digits in lower case, got {text:?}"))
}
