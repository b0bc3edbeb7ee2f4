//! One frame: decoded from a binary PPM, and resized to 32x32.

use std::io::Cursor;

use image::codecs::pnm::{PnmDecoder, PnmSubtype, SampleEncoding};
use image::{ColorType, ImageDecoder};

use super::SIDE;
use crate::resize::resize;

/// The largest official frame has 250x250 pixels, 187,515 bytes.
pub(super) const MOST_BYTES: u64 = 1 << 20;

/// An RGB frame in its original size.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Rows from the top, pixels from the left, three bytes each.
    pub(super) rgb: Vec<u8>,
}

impl Frame {
    /// Decodes a binary PPM (P6) with one byte per channel; memory is bounded by the size of `ppm`.
    pub(super) fn decode(ppm: &[u8]) -> Result<Self, String> {
        let decoder = PnmDecoder::new(Cursor::new(ppm)).map_err(|e| e.to_string())?;
        let pixmap = decoder.subtype() == PnmSubtype::Pixmap(SampleEncoding::Binary);
        if !pixmap || decoder.color_type() != ColorType::Rgb8 || decoder.header().maximal_sample() != 255 {
            return Err("is not a binary PPM (P6) with 255 as its largest value".to_owned());
        }
        let (width, height) = decoder.dimensions();
        let size = decoder.total_bytes();
        if width == 0 || height == 0 || size > ppm.len() as u64 {
            return Err(format!("declares {width}x{height} pixels in {} bytes", ppm.len()));
        }
        let mut rgb = vec![0; size as usize];
        decoder.read_image(&mut rgb).map_err(|e| e.to_string())?;
        Ok(Self { width, height, rgb })
    }

    /// The whole frame as 32x32 RGB, `SIDE * SIDE * 3` bytes.
    pub(super) fn resized(&self) -> Vec<u8> {
        resize::<3>(&self.rgb, (self.height as usize, self.width as usize), (SIDE, SIDE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_rows_from_the_top() {
        let frame = Frame::decode(b"P6\n# made by hand\n1 2\n255\nabcdef").unwrap();
        assert_eq!((frame.width, frame.height), (1, 2));
        assert_eq!(frame.rgb, b"abcdef");
    }

    #[test]
    fn hostile_frames_are_refused() {
        let cases: &[(&str, &[u8], &str)] = &[
            ("empty", b"", ""),
            ("another format", b"\x89PNG\r\n\x1a\n", ""),
            ("gray", b"P5\n1 1\n255\na", "not a binary PPM"),
            ("text", b"P3\n1 1\n255\n1 2 3", "not a binary PPM"),
            ("two bytes per channel", b"P6\n1 1\n65535\nabcdef", "not a binary PPM"),
            ("darker", b"P6\n1 1\n127\nabc", "not a binary PPM"),
            ("no pixels", b"P6\n0 0\n255\n", ""),
            ("huge", b"P6\n60000 60000\n255\nabc", "declares 60000x60000 pixels in 22 bytes"),
            ("overflow", b"P6\n4294967295 4294967295\n255\nabc", ""),
            ("cut", b"P6\n2 2\n255\nabcdefghijk", ""),
        ];
        for (name, ppm, expected) in cases {
            let error = Frame::decode(ppm).unwrap_err();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
}
