//! What is done to an image before a network sees it: one code path for training sets and single files.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::conversion::Conversion;
use super::raw::{self, Raw};
use super::{Gray, Ground};
use crate::DataError;
use crate::dataset::channels_first;
use crate::resize::resize;

/// The largest height and width that images may be resized to.
pub const MOST_SIDE: usize = 4096;

/// The form that every image is brought to: `[channels, height, width]`.
///
/// In this order: turned upright (where EXIF says how); what is transparent laid on [`Ground`]; 16 bits per channel rounded
/// to 8; RGB to [`Gray`], rounded to whole bytes; resized without regard to proportions by the antialiased bilinear filter
/// that also prepares GTSRB, as Pillow's `resize(.., BILINEAR)`; gray to RGB by repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// 1 (gray) or 3 (RGB).
    pub channels: usize,
    /// Pixels, 1..=[`MOST_SIDE`].
    pub height: usize,
    /// Pixels, as `height`.
    pub width: usize,
    /// How colours become gray.
    pub gray: Gray,
    /// What is behind transparent images.
    pub ground: Ground,
}

/// An image in its final form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// `[channels, height, width]`, row-major, 0..=255.
    pub pixels: Vec<u8>,
    /// What was done to it, in this order.
    pub conversions: Vec<Conversion>,
}

impl Preprocessing {
    /// To images of this shape, `[channels, height, width]`: gray is the mean, the ground is white.
    pub fn to(shape: [usize; 3]) -> Self {
        let [channels, height, width] = shape;
        Self { channels, height, width, gray: Gray::default(), ground: Ground::default() }
    }

    /// Decodes the file at `path`: PNG, JPEG, BMP, GIF (its first frame), TIFF (its first page), WebP, PPM, PGM or PBM,
    /// told apart by their content.
    ///
    /// [`DataError::Image`] for what is not a whole image of a reasonable size.
    pub fn decode(&self, path: &Path) -> Result<Decoded, DataError> {
        raw::bytes(path)
            .and_then(|bytes| self.of_bytes(&bytes))
            .map_err(|reason| DataError::Image { file: path.to_owned(), reason })
    }

    /// Decodes the content of such a file; `name` is for the error.
    pub fn decode_bytes(&self, bytes: &[u8], name: &Path) -> Result<Decoded, DataError> {
        self.of_bytes(bytes).map_err(|reason| DataError::Image { file: name.to_owned(), reason })
    }

    /// `[channels, height, width]`, as [`Set::image_shape`](crate::Set::image_shape).
    pub fn image_shape(&self) -> [usize; 3] {
        [self.channels, self.height, self.width]
    }

    /// Bytes of one image.
    pub(super) fn bytes(&self) -> usize {
        self.channels * self.height * self.width
    }

    pub(super) fn of_bytes(&self, bytes: &[u8]) -> Result<Decoded, String> {
        raw::decode(bytes, self.ground).and_then(|raw| self.apply(raw))
    }

    /// Brings a decoded image into this form.
    pub(super) fn apply(&self, raw: Raw) -> Result<Decoded, String> {
        let Raw { header, mut pixels, mut conversions } = raw;
        let size = (self.height, self.width);
        check(Some(size), Some(self.channels))?;
        let resized = (header.height, header.width) != size;
        let mut channels = header.channels;
        if channels == 3 && self.channels == 1 {
            pixels = pixels.as_chunks::<3>().0.iter().map(|&rgb| self.gray.of(rgb)).collect();
            channels = 1;
            conversions.push(self.gray.into());
        }
        if resized {
            let from = (header.height, header.width);
            pixels = match channels {
                1 => resize::<1>(&pixels, from, size),
                _ => resize::<3>(&pixels, from, size),
            };
            conversions.push(Conversion::Resized);
        }
        if channels == 3 {
            channels_first(&mut pixels, 3, self.height * self.width);
        } else if self.channels == 3 {
            pixels = pixels.repeat(3);
            conversions.push(Conversion::ToColour);
        }
        Ok(Decoded { pixels, conversions })
    }
}

/// Refuses, with the reason, sizes and channels that no image can be brought to.
pub(super) fn check(size: Option<(usize, usize)>, channels: Option<usize>) -> Result<(), String> {
    let sides = 1..=MOST_SIDE;
    match (size, channels) {
        (Some((height, width)), _) if !sides.contains(&height) || !sides.contains(&width) => {
            Err(format!("size {height}x{width}: height and width have to be in 1..={MOST_SIDE}"))
        }
        (_, Some(channels)) if channels != 1 && channels != 3 => {
            Err(format!("channels has to be 1 (gray) or 3 (RGB), got {channels}"))
        }
        _ => Ok(()),
    }
}
