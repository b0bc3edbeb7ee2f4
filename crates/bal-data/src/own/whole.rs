//! Whether a file is there to its end: decoders paint what is missing, or believe what is left, and say nothing.

use image::ImageFormat;

/// Start of an image, of a scan; end of the image.
const SOI: u8 = 0xd8;
const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;

/// Refuses, with the reason, a file of this format that was cut off, as far as that can be seen without decoding.
pub(super) fn check(format: ImageFormat, bytes: &[u8]) -> Result<(), String> {
    let (name, whole) = match format {
        ImageFormat::Jpeg => ("JPEG", jpeg(bytes)),
        ImageFormat::Gif => ("GIF", gif(bytes).is_some()),
        ImageFormat::WebP => ("WebP", webp(bytes)),
        _ => return Ok(()),
    };
    if whole { Ok(()) } else { Err(format!("is a {name} without its end; it was cut off")) }
}

/// Whether the end-of-image marker of a JPEG follows the first scan.
///
/// Segments are walked up to the scan, as a thumbnail among them has an end of its own. Within a scan 0xff is followed
/// by 0 or a restart marker, so the marker cannot be data.
fn jpeg(bytes: &[u8]) -> bool {
    first_scan(bytes).is_some_and(|scan| scan.windows(2).any(|pair| pair == [0xff, EOI]))
}

/// What follows the header of the first scan.
fn first_scan(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.strip_prefix(&[0xff, SOI])?;
    loop {
        let [0xff, marker, tail @ ..] = rest else { return None };
        if *marker == 0xff {
            // Any number of 0xff may fill the space before a marker.
            rest = &rest[1..];
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*tail.first()?, *tail.get(1)?]));
        rest = tail.get(length..)?;
        if *marker == SOS {
            return Some(rest);
        }
        if length < 2 {
            return None;
        }
    }
}

/// Walks the blocks of a GIF to the end of its first image; `None` where the file ends before.
fn gif(bytes: &[u8]) -> Option<()> {
    /// Bytes of the colour table that flags tell of.
    fn colours(flags: u8) -> usize {
        if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
    }
    /// What follows blocks that begin with their length, up to an empty one.
    fn after_blocks(mut rest: &[u8]) -> Option<&[u8]> {
        loop {
            let (&length, tail) = rest.split_first()?;
            if length == 0 {
                return Some(tail);
            }
            rest = tail.get(usize::from(length)..)?;
        }
    }
    let mut rest = bytes.get(13 + colours(*bytes.get(10)?)..)?;
    loop {
        let (&kind, tail) = rest.split_first()?;
        rest = match kind {
            // An extension, with its label.
            0x21 => after_blocks(tail.get(1..)?)?,
            // An image: place and size, flags, colours, the width of its codes, the codes.
            0x2c => return after_blocks(tail.get(10 + colours(*tail.get(8)?)..)?).map(|_| ()),
            // Something else, which the decoder may judge.
            _ => return Some(()),
        };
    }
}

/// Whether a WebP is as long as it declares.
fn webp(bytes: &[u8]) -> bool {
    let declared = bytes.get(4..8).and_then(|four| four.try_into().ok()).map_or(u32::MAX, u32::from_le_bytes);
    bytes.len() as u64 >= u64::from(declared) + 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_thumbnail_is_not_that_of_the_image() {
        let thumbnail = [0xff, 0xe1, 0, 6, 0xff, SOI, 0xff, EOI];
        let scan = [0xff, SOS, 0, 2, 1, 2, 0xff, 0, 3];
        let cut = [&[0xff, SOI][..], &thumbnail, &[0xff], &scan].concat();
        assert!(!jpeg(&cut));
        assert!(jpeg(&[&cut[..], &[0xff, EOI], b"appended"].concat()));
    }

    #[test]
    fn a_gif_is_whole_when_its_first_image_is() {
        let head = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff";
        let comment = b"\x21\xfe\x02hi\0";
        let image = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0";
        let whole = [&head[..], comment, image].concat();
        assert!(gif(&whole).is_some() && gif(&[&whole[..], b";"].concat()).is_some());
        assert!((0..whole.len()).all(|length| gif(&whole[..length]).is_none()));
    }

    #[test]
    fn whatever_else_arrives_is_not_whole() {
        for bytes in
            [&b""[..], b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\0", b"\xff\xd8\xff\xe1\0\0", b"text"]
        {
            assert!(!jpeg(bytes) && gif(bytes).is_none() && !webp(bytes), "{bytes:?}");
        }
    }
}
