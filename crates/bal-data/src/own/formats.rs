//! Formats of images: those that are read, and those that are only recognised, so that a message can name them.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use image::ImageFormat;

/// What is read, in words.
pub(super) const READ: &str = "PNG, JPEG, BMP, GIF, TIFF, WebP, PPM, PGM or PBM";

/// Endings of names, in lower case.
const ENDINGS: [&str; 16] = [
    "png", "apng", "jpg", "jpeg", "jpe", "jfif", "bmp", "dib", "gif", "tif", "tiff", "webp", "ppm", "pgm",
    "pbm", "pnm",
];

/// How many first bytes tell a format.
const FIRST: u64 = 512;

/// Whether a file of this name should be an image: by its ending, in any case.
pub fn named_as_image(name: &str) -> bool {
    let end = Path::new(name).extension().and_then(|end| end.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| end.eq_ignore_ascii_case(known))
}

/// The format that is read of these first bytes of a file; else, in words, what they are instead.
pub(super) fn read(bytes: &[u8]) -> Result<ImageFormat, String> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Pnm, Tiff, WebP};
    match image::guess_format(bytes) {
        Ok(format @ (Png | Jpeg | Bmp | Gif | Tiff | WebP | Pnm)) => Ok(format),
        _ => Err(match other(bytes) {
            Some(name) => format!("is {name}, which is not read; convert it to {READ}"),
            None => format!("is not an image that can be read: {READ}"),
        }),
    }
}

/// Why a file among the images of a class is none of them, though it may be an image.
pub(super) fn not_named_as_image(path: &Path) -> String {
    // Not of pipes, where opening would wait for somebody to write.
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut first = Vec::new();
    let opened = is_file.then(|| File::open(path).ok()).flatten();
    let read_some = opened.is_some_and(|file| file.take(FIRST).read_to_end(&mut first).is_ok());
    let endings = ENDINGS.map(|end| format!(".{end}")).join(", ");
    match read(&first) {
        Ok(format) if read_some => {
            format!("is a {} file, but not named as an image ({endings}); rename it", shown(format))
        }
        Err(reason) if read_some && other(&first).is_some() => reason,
        _ => format!("is not named as an image ({endings})"),
    }
}

/// How a format is called.
pub(super) fn shown(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Png => "PNG",
        ImageFormat::Jpeg => "JPEG",
        ImageFormat::Bmp => "BMP",
        ImageFormat::Gif => "GIF",
        ImageFormat::Tiff => "TIFF",
        ImageFormat::WebP => "WebP",
        ImageFormat::Pnm => "PNM",
        _ => "image",
    }
}

/// What a file is that begins so, with its article, of the kinds that people take for images.
fn other(bytes: &[u8]) -> Option<&'static str> {
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(FIRST as usize)]).to_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if bytes.get(4..8) == Some(b"ftyp") {
        let brand = bytes.get(8..12).unwrap_or_default();
        return Some(match brand {
            b"avif" | b"avis" => "an AVIF image",
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => "a HEIC image",
            b"crx " => "a raw image of a camera",
            _ => "an MP4 or QuickTime film",
        });
    }
    let known: [(&[u8], &str); 17] = [
        (b"\xff\x0a", "a JPEG XL image"),
        (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
        (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
        (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
        (b"8BPS", "a Photoshop document"),
        (b"%PDF", "a PDF document"),
        (b"\0\0\x01\0", "a Windows icon"),
        (b"DDS ", "a DDS texture"),
        (b"qoif", "a QOI image"),
        (b"v/1\x01", "an OpenEXR image"),
        (b"#?RADIANCE", "a Radiance HDR image"),
        (b"farbfeld", "a farbfeld image"),
        (b"\x93NUMPY", "an array of NumPy"),
        (b"\x89HDF", "an HDF5 file"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x1f\x8b", "a gzip file"),
        (b"PF", "a PFM image"),
    ];
    if bytes.get(128..132) == Some(b"DICM") {
        return Some("a DICOM image");
    }
    if let Some((_, name)) = known.iter().find(|(magic, _)| begins(magic)) {
        return Some(name);
    }
    match text {
        text if text.starts_with("<svg") || (text.starts_with("<?xml") && text.contains("<svg")) => {
            Some("an SVG drawing")
        }
        text if text.starts_with("<!doctype html") || text.starts_with("<html") => Some("a page of HTML"),
        text if text.starts_with("version https://git-lfs") => {
            Some("a pointer of Git LFS, whose file was not fetched")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_known_in_any_case_and_contents_by_their_first_bytes() {
        for name in ["a.png", "a.JPG", "b.c.Tiff", "a.pbm", "a.webp"] {
            assert!(named_as_image(name), "{name}");
        }
        for name in ["a", "png", ".png", "a.heic", "a.png.txt"] {
            assert!(!named_as_image(name), "{name}");
        }
        assert_eq!(read(b"GIF89a").unwrap(), ImageFormat::Gif);
        assert_eq!(read(b"P4\n1 1\n\0").unwrap(), ImageFormat::Pnm);
    }

    #[test]
    fn what_is_not_read_is_named_with_what_is() {
        for (bytes, name) in [
            (&b"\0\0\0\x18ftypheic\0\0\0\0"[..], "a HEIC image"),
            (b"\0\0\0\x1cftypavif\0\0\0\0", "an AVIF image"),
            (b"\xff\x0a\xfa\x1f", "a JPEG XL image"),
            (b"<?xml version='1.0'?>\n<svg xmlns=''/>", "an SVG drawing"),
            (b"\xef\xbb\xbf<svg/>", "an SVG drawing"),
            (b"<!DOCTYPE html><html></html>", "a page of HTML"),
            (b"%PDF-1.7", "a PDF document"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        ] {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(name) && error.contains("convert it to PNG, JPEG, BMP"), "{error}");
        }
        assert_eq!(read(b"some text").unwrap_err(), format!("is not an image that can be read: {READ}"));
    }
}
