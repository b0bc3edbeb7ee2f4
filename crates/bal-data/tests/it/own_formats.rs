//! Every format that is read, as Pillow reads it; files that were cut off, and files that are hostile.
//!
//! `tests/fixtures/make_formats.py` made the files and wrote down what Pillow sees in them.

use std::fs;
use std::path::{Path, PathBuf};

use bal_data::Preprocessing;
use bal_data::own::{Conversion, Decoded};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats")
}

/// A file and what is in it.
struct Fixture {
    name: String,
    bytes: Vec<u8>,
    form: Preprocessing,
    /// How far a value may be off.
    apart: u8,
    /// `[c, h, w]`.
    pixels: Vec<u8>,
}

fn fixtures() -> Vec<Fixture> {
    let text = fs::read_to_string(folder().join("expected.txt")).unwrap();
    let fixture = |line: &str| {
        let [name, numbers @ .., pixels] = &line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let [channels, height, width, apart] =
            <[usize; 4]>::try_from(numbers.iter().map(|n| n.parse().unwrap()).collect::<Vec<_>>()).unwrap();
        let rows: Vec<u8> = (0..pixels.len() / 2)
            .map(|at| u8::from_str_radix(&pixels[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        let plane = |channel| rows.iter().copied().skip(channel).step_by(channels).collect::<Vec<_>>();
        Fixture {
            name: (*name).to_owned(),
            bytes: fs::read(folder().join(name)).unwrap(),
            form: Preprocessing::to([channels, height, width]),
            apart: apart as u8,
            pixels: (0..channels).flat_map(plane).collect(),
        }
    };
    text.lines().map(fixture).collect()
}

fn decode(fixture: &Fixture, bytes: &[u8]) -> Result<Decoded, String> {
    fixture.form.decode_bytes(bytes, Path::new("image")).map_err(|error| error.to_string())
}

#[test]
fn every_format_is_read_as_pillow_reads_it() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 45);
    let mut wrong = Vec::new();
    for fixture in &fixtures {
        match decode(fixture, &fixture.bytes) {
            Err(error) => wrong.push(format!("{}: {error}", fixture.name)),
            Ok(Decoded { pixels, conversions }) => {
                let apart = pixels.iter().zip(&fixture.pixels).map(|(a, b)| a.abs_diff(*b)).max();
                let form = [Conversion::Resized, Conversion::ToGray, Conversion::ToColour];
                let same = pixels.len() == fixture.pixels.len() && apart <= Some(fixture.apart);
                if !same || conversions.iter().any(|conversion| form.contains(conversion)) {
                    wrong.push(format!("{}: {apart:?} apart, {conversions:?}", fixture.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A cut file gives all pixels or a reason: what a format has behind the pixels may be missing.
#[test]
fn a_file_that_was_cut_off_is_refused_or_whole() {
    for fixture in fixtures() {
        let whole = decode(&fixture, &fixture.bytes).unwrap().pixels;
        let mut refused = 0;
        for length in 0..fixture.bytes.len() {
            match decode(&fixture, &fixture.bytes[..length]) {
                Ok(decoded) => {
                    assert_eq!(decoded.pixels, whole, "{} cut to {length} bytes", fixture.name);
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.contains('\n'), "{error}");
                }
            }
        }
        // At most an end that holds no pixel is not missed: a trailer, padding, metadata.
        assert!(refused + 200 > fixture.bytes.len(), "{}: {refused}", fixture.name);
        assert!(2 * refused > fixture.bytes.len(), "{}: {refused}", fixture.name);
    }
}

#[test]
fn kinds_of_a_format_that_are_not_read_say_so() {
    for name in ["palette.tiff", "gray-alpha.tiff", "float.tiff"] {
        let error = Preprocessing::to([3, 5, 7]).decode(&folder().join(name)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("is a TIFF of colours that are not read"), "{error}");
        assert!(error.ends_with("or as PNG"), "{error}");
    }
}

/// Small files that declare much: none is decoded.
#[test]
fn bombs_are_refused_before_memory_is_taken() {
    let of = |name: &str| fs::read(folder().join(name)).unwrap();
    let set = |mut bytes: Vec<u8>, at: usize, value: &[u8]| {
        bytes[at..at + value.len()].copy_from_slice(value);
        bytes
    };
    let tiff = |tag: u16, value: u32| {
        let mut bytes = of("deflate.tiff");
        let entry = bytes.windows(4).position(|four| four[..2] == tag.to_le_bytes()).unwrap();
        // A value of 32 bits in place of one of 16.
        bytes[entry + 2..entry + 4].copy_from_slice(&4_u16.to_le_bytes());
        bytes[entry + 8..entry + 12].copy_from_slice(&value.to_le_bytes());
        bytes
    };
    let huge = 60_000_u32.to_le_bytes();
    let cases = [
        ("gif", set(of("palette.gif"), 6, &[0xff; 4])),
        ("bmp", set(set(of("rgb.bmp"), 18, &huge), 22, &huge)),
        ("bmp by runs", set(set(of("rle8.bmp"), 18, &huge), 22, &huge)),
        ("tiff", tiff(256, 2_000_000_000)),
        ("tiff of rows", tiff(257, 2_000_000_000)),
        // 14 bits each, less one, behind the signature of a lossless WebP.
        ("webp", set(of("lossless.webp"), 21, &[0xff; 4])),
    ];
    for (name, bytes) in cases {
        let before = std::time::Instant::now();
        let error =
            Preprocessing::to([3, 5, 7]).decode_bytes(&bytes, Path::new("bomb")).unwrap_err().to_string();
        assert!(!error.contains('\n') && before.elapsed().as_secs() < 5, "{name}: {error}");
    }
}

#[test]
fn damaged_files_of_every_format_never_end_in_a_panic() {
    let mut state = 4321_u32;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let (mut read, mut refused) = (0, 0);
    for fixture in fixtures() {
        for _ in 0..80 {
            let mut bytes = fixture.bytes.clone();
            for _ in 0..=draw(3) {
                // Headers are short, and most that can go wrong is in them.
                let within = if draw(2) == 0 { bytes.len().min(64) } else { bytes.len() };
                let at = draw(within);
                bytes[at] = if draw(3) == 0 { 0xff } else { draw(256) as u8 };
            }
            match decode(&fixture, &bytes) {
                Ok(decoded) => {
                    read += 1;
                    assert_eq!(decoded.pixels.len(), fixture.pixels.len());
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.contains('\n'), "{error}");
                }
            }
        }
    }
    assert!(read > 500 && refused > 500, "{read} {refused}");
}
