//! Whether a JPEG is whole: the decoder itself paints what is missing gray and says nothing.

/// Start of an image, of a scan; end of the image.
const SOI: u8 = 0xd8;
const SOS: u8 = 0xda;
const EOI: u8 = 0xd9;

/// Whether the end-of-image marker follows the first scan.
///
/// Segments are walked up to the scan, as a thumbnail among them has an end of its own. Within a scan 0xff is followed
/// by 0 or a restart marker, so the marker cannot be data.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_thumbnail_is_not_that_of_the_image() {
        let thumbnail = [0xff, 0xe1, 0, 6, 0xff, SOI, 0xff, EOI];
        let scan = [0xff, SOS, 0, 2, 1, 2, 0xff, 0, 3];
        let cut = [&[0xff, SOI][..], &thumbnail, &[0xff], &scan].concat();
        assert!(!is_whole(&cut));
        assert!(is_whole(&[&cut[..], &[0xff, EOI], b"appended"].concat()));
    }

    #[test]
    fn whatever_else_arrives_is_not_whole() {
        for bytes in
            [&b""[..], b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xe1\0", b"\xff\xd8\xff\xe1\0\0", b"text"]
        {
            assert!(!is_whole(bytes), "{bytes:?}");
        }
    }
}
