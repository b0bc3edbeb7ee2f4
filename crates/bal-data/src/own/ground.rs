//! What is behind a transparent image.

use std::fmt;
use std::str::FromStr;

use image::DynamicImage;
use serde::{Deserialize, Serialize};

/// The ground that transparent images are laid on.
///
/// What cannot be seen has colours of its own in the file, often black ones: they are not the image. A pixel of colour
/// `c` and opacity `a` in `[0, 1]` becomes `a c + (1 - a) ground`, rounded, in the file's bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// As paper, and as most programs show it.
    #[default]
    White,
    /// As a dark screen: for drawings in light colours.
    Black,
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::White => "white",
            Self::Black => "black",
        })
    }
}

impl FromStr for Ground {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "white" => Ok(Self::White),
            "black" => Ok(Self::Black),
            _ => Err(format!("unknown ground {text:?}; known are white and black")),
        }
    }
}

impl Ground {
    /// Lays an image on the ground, its opacity left as it was; whether some pixel is not opaque.
    pub(super) fn under(self, image: &mut DynamicImage) -> bool {
        let (eight, sixteen) = (u32::from(u8::MAX), u32::from(u16::MAX));
        match image {
            DynamicImage::ImageLumaA8(pixels) => self.under_pixels::<u8, 2>(pixels, eight),
            DynamicImage::ImageRgba8(pixels) => self.under_pixels::<u8, 4>(pixels, eight),
            DynamicImage::ImageLumaA16(pixels) => self.under_pixels::<u16, 2>(pixels, sixteen),
            DynamicImage::ImageRgba16(pixels) => self.under_pixels::<u16, 4>(pixels, sixteen),
            _ => false,
        }
    }

    /// Of pixels of `N` samples, the last of them the opacity, in `0..=most`.
    fn under_pixels<T: Copy + Into<u32> + TryFrom<u32>, const N: usize>(
        self,
        samples: &mut [T],
        most: u32,
    ) -> bool {
        let ground = match self {
            Self::White => most,
            Self::Black => 0,
        };
        let mut seen_through = false;
        for pixel in samples.as_chunks_mut::<N>().0 {
            let Some((opacity, colours)) = pixel.split_last_mut() else { continue };
            let opacity: u32 = (*opacity).into();
            if opacity == most {
                continue;
            }
            seen_through = true;
            for colour in colours {
                // At most `most` squared, which 32 bits hold for samples of 16.
                let mixed = (*colour).into() * opacity + ground * (most - opacity) + most / 2;
                if let Ok(mixed) = T::try_from(mixed / most) {
                    *colour = mixed;
                }
            }
        }
        seen_through
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, LumaA, Rgba};

    use super::*;

    #[test]
    fn colours_that_cannot_be_seen_are_the_ground() {
        let glass = || DynamicImage::from(ImageBuffer::from_pixel(1, 1, Rgba([10_u8, 20, 30, 0])));
        for (ground, level) in [(Ground::White, 255), (Ground::Black, 0)] {
            let mut image = glass();
            assert!(ground.under(&mut image));
            assert_eq!(image.into_rgb8().into_raw(), [level; 3]);
        }
        let mut opaque = DynamicImage::from(ImageBuffer::from_pixel(1, 1, Rgba([10_u8, 20, 30, 255])));
        assert!(!Ground::White.under(&mut opaque));
        assert_eq!(opaque.into_rgb8().into_raw(), [10, 20, 30]);
    }

    #[test]
    fn half_transparent_pixels_are_mixed_in_the_bits_of_the_file() {
        // 100 * 128/255 + 255 * 127/255 = 177.2; of 16 bits 1000 * 0.5 + 65535 * 0.5, nearly.
        let mut image = DynamicImage::from(ImageBuffer::from_pixel(1, 1, LumaA([100_u8, 128])));
        assert!(Ground::White.under(&mut image));
        assert_eq!(image.into_luma8().into_raw(), [177]);
        let mut deep = DynamicImage::ImageLumaA16(ImageBuffer::from_pixel(1, 1, LumaA([1000_u16, 32_768])));
        assert!(Ground::White.under(&mut deep));
        assert_eq!(deep.as_luma_alpha16().unwrap().get_pixel(0, 0)[0], 33_267);
        let mut full = DynamicImage::ImageLumaA16(ImageBuffer::from_pixel(1, 1, LumaA([65_535_u16, 65_534])));
        assert!(Ground::White.under(&mut full));
        assert_eq!(full.as_luma_alpha16().unwrap().get_pixel(0, 0)[0], 65_535);
    }
}
