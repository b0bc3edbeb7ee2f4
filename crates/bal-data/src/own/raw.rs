//! One image file as bytes of gray or RGB: opened, bounded and decoded, in its own size.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits,
};

use super::conversion::Conversion;
use super::{Ground, formats, whole};

/// The most bytes of a file, and of its decoded pixels.
const MOST_BYTES: u64 = 256 << 20;

/// The decoder's own memory: the decoded pixels, and what it needs to make them.
const MOST_MEMORY: u64 = 2 * MOST_BYTES;

/// What an image is before it is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) height: usize,
    pub(super) width: usize,
    /// 1 or 3, without alpha.
    pub(super) channels: usize,
    /// Whether height and width were swapped to turn it upright.
    pub(super) turned: bool,
}

/// A decoded image.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) header: Header,
    /// `[h, w, c]`.
    pub(super) pixels: Vec<u8>,
    pub(super) conversions: Vec<Conversion>,
}

/// The bytes of the regular file at `path`, of which there may be [`MOST_BYTES`].
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    // Asked before opening: opening a pipe would wait for somebody to write into it.
    let metadata = std::fs::metadata(path).map_err(|e| format!("cannot read: {e}"))?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    if metadata.len() > MOST_BYTES {
        return Err(format!("has {} bytes, more than the {MOST_BYTES} allowed", metadata.len()));
    }
    let file = File::open(path).map_err(|e| format!("cannot read: {e}"))?;
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(|e| format!("cannot read: {e}"))?;
    Ok(bytes)
}

/// Size and channels of an image, once turned upright.
pub(super) fn header(bytes: &[u8]) -> Result<Header, String> {
    let mut decoder = decoder(bytes)?;
    let orientation = decoder.orientation().map_err(|error| one_line(&error.to_string()))?;
    let (width, height) = decoder.dimensions();
    let turned = swaps(orientation);
    let (width, height) = if turned { (height, width) } else { (width, height) };
    let channels = if decoder.color_type().has_color() { 3 } else { 1 };
    Ok(Header { height: height as usize, width: width as usize, channels, turned })
}

/// Decodes an image: upright, on a ground where it is transparent, one byte per channel.
pub(super) fn decode(bytes: &[u8], ground: Ground) -> Result<Raw, String> {
    let mut decoder = decoder(bytes)?;
    let format = formats::read(bytes)?;
    let failed = |error: ImageError| unreadable(format, &error);
    let orientation = decoder.orientation().map_err(failed)?;
    let color = decoder.color_type();
    // Of palettes and fewer bits the decoder makes bytes without loss; only 16 bits lose some.
    let sixteen = matches!(
        decoder.original_color_type(),
        ExtendedColorType::L16
            | ExtendedColorType::La16
            | ExtendedColorType::Rgb16
            | ExtendedColorType::Rgba16
            | ExtendedColorType::Cmyk16
    );
    let mut image = DynamicImage::from_decoder(decoder).map_err(failed)?;
    let mut conversions = Vec::new();
    if orientation != Orientation::NoTransforms {
        image.apply_orientation(orientation);
        conversions.push(Conversion::Upright);
    }
    if ground.under(&mut image) {
        conversions.push(ground.into());
    }
    if sixteen {
        conversions.push(Conversion::From16Bit);
    }
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (channels, pixels) = if color.has_color() {
        (3, image.into_rgb8().into_raw())
    } else {
        (1, image.into_luma8().into_raw())
    };
    let header = Header { height, width, channels, turned: swaps(orientation) };
    Ok(Raw { header, pixels, conversions })
}

/// A decoder whose image is of a known format and of a size that memory can hold.
fn decoder(bytes: &[u8]) -> Result<impl ImageDecoder + '_, String> {
    if bytes.is_empty() {
        return Err("is empty (0 bytes)".to_owned());
    }
    let format = formats::read(bytes)?;
    whole::check(format, bytes)?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| unreadable(format, &error))?;
    if matches!(decoder.color_type(), ColorType::Rgb32F | ColorType::Rgba32F) {
        let name = formats::shown(format);
        return Err(format!("is a {name} of floating-point numbers; convert it to 8 or 16 bits per channel"));
    }
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 || decoder.total_bytes() > MOST_BYTES {
        return Err(format!(
            "declares {width}x{height} pixels in {} bytes; at most {MOST_BYTES} bytes are decoded",
            bytes.len()
        ));
    }
    Ok(decoder)
}

/// What is wrong with a file that the decoder refuses.
fn unreadable(format: ImageFormat, error: &ImageError) -> String {
    let (name, text) = (formats::shown(format), one_line(&error.to_string()));
    // Each decoder says in its own words that it wanted more bytes.
    let ended = ["failed to fill whole buffer", "end of file", "unexpected eof", "unexpectedeof"];
    match (error, format) {
        _ if ended.iter().any(|words| text.to_lowercase().contains(words)) => {
            format!("is a {name} that ends before its pixels do; it was cut off or damaged")
        }
        (ImageError::Unsupported(_), ImageFormat::Tiff) => {
            "is a TIFF of colours that are not read, such as a palette, gray with transparency or floating-point numbers; \
             save it as RGB or gray of 8 or 16 bits, or as PNG"
                .to_owned()
        }
        (ImageError::Unsupported(_), _) => {
            format!("is a {name} of a kind that is not read ({text}); save it as PNG")
        }
        _ => text,
    }
}

/// Whether turning upright swaps height and width.
fn swaps(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// The text of a decoder in one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
