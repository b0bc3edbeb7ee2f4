//! Single images: conversions, hostile files, and that all of it is the same in a set and alone.

use std::path::Path;

use bal_data::own::{Conversion, Gray, Ground};
use bal_data::{OwnSettings, Preprocessing};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use crate::own::{Made, bomb, chunk, colour, encoded, gray, png, skipping};

fn form(channels: usize, height: usize, width: usize) -> Preprocessing {
    Preprocessing::to([channels, height, width])
}

fn decoded(form: Preprocessing, bytes: &[u8]) -> (Vec<u8>, Vec<Conversion>) {
    let decoded = form.decode_bytes(bytes, Path::new("image")).unwrap();
    (decoded.pixels, decoded.conversions)
}

/// Channels first.
fn planes(image: &DynamicImage) -> Vec<u8> {
    let rgb = image.to_rgb8();
    (0..3).flat_map(|channel| rgb.pixels().map(move |pixel| pixel[channel]).collect::<Vec<_>>()).collect()
}

#[test]
fn formats_without_loss_give_the_same_pixels() {
    let (coloured, plain) = (colour(5, 4, 7), gray(5, 4, 7));
    for format in [ImageFormat::Png, ImageFormat::Pnm] {
        assert_eq!(decoded(form(3, 4, 5), &encoded(&coloured, format)), (planes(&coloured), vec![]));
        let (pixels, conversions) = decoded(form(1, 4, 5), &encoded(&plain, format));
        assert_eq!((pixels, conversions), (plain.as_bytes().to_vec(), vec![]));
    }
}

#[test]
fn a_jpeg_is_nearly_its_image() {
    for (image, channels) in [(colour(16, 16, 100), 3), (gray(16, 16, 100), 1)] {
        let (pixels, conversions) = decoded(form(channels, 16, 16), &encoded(&image, ImageFormat::Jpeg));
        let original = if channels == 3 { planes(&image) } else { image.as_bytes().to_vec() };
        let apart: f64 = pixels.iter().zip(&original).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum();
        assert!(apart / (pixels.len() as f64) < 12.0 && conversions.is_empty(), "{apart}");
    }
}

#[test]
fn gray_is_the_mean_of_the_channels_and_colour_repeats_gray() {
    let image = colour(5, 4, 250);
    let (pixels, conversions) = decoded(form(1, 4, 5), &png(&image));
    let means: Vec<u8> = image
        .to_rgb8()
        .pixels()
        .map(|pixel| (pixel.0.iter().map(|&byte| f64::from(byte)).sum::<f64>() / 3.0).round() as u8)
        .collect();
    assert_eq!((pixels, conversions), (means, vec![Conversion::ToGray]));
    // Pillow 13: Image.new("RGB", (1, 1), (200, 30, 90)).convert("L") is 88.
    let (luma, pink) = (Preprocessing { gray: Gray::Luma, ..form(1, 1, 1) }, Rgba([200, 30, 90, 255]));
    let pixel = png(&RgbaImage::from_pixel(1, 1, pink).into());
    assert_eq!(decoded(luma, &pixel), (vec![88], vec![Conversion::ToLuma]));
    let image = gray(5, 4, 1);
    let (pixels, conversions) = decoded(form(3, 4, 5), &png(&image));
    assert_eq!((pixels, conversions), (image.as_bytes().repeat(3), vec![Conversion::ToColour]));
}

#[test]
fn resizing_gray_and_colour_agree() {
    let image = gray(20, 30, 3);
    let (small, conversions) = decoded(form(1, 7, 9), &png(&image));
    assert_eq!((small.len(), conversions), (63, vec![Conversion::Resized]));
    let (in_colour, conversions) = decoded(form(3, 7, 9), &png(&image));
    assert_eq!((in_colour, conversions), (small.repeat(3), vec![Conversion::Resized, Conversion::ToColour]));
    let (of_rgb, _) = decoded(form(3, 7, 9), &png(&image.to_rgb8().into()));
    assert_eq!(of_rgb, small.repeat(3));
}

#[test]
fn sixteen_bits_are_reduced_and_transparency_is_laid_on_a_ground_and_that_is_said() {
    let image = colour(3, 2, 9);
    let (pixels, conversions) = decoded(form(3, 2, 3), &png(&image.to_rgb16().into()));
    assert_eq!((pixels, conversions), (planes(&image), vec![Conversion::From16Bit]));
    let glass = png(&RgbaImage::from_pixel(1, 1, Rgba([1, 2, 3, 0])).into());
    assert_eq!(decoded(form(3, 1, 1), &glass), (vec![255; 3], vec![Conversion::OnWhite]));
    let on_black = Preprocessing { ground: Ground::Black, ..form(3, 1, 1) };
    assert_eq!(decoded(on_black, &glass), (vec![0; 3], vec![Conversion::OnBlack]));
    // An opacity that is full everywhere hides nothing.
    let mut deep = gray(3, 2, 5).to_luma_alpha16();
    let (pixels, conversions) = decoded(form(1, 2, 3), &png(&deep.clone().into()));
    assert_eq!((&pixels[..], &conversions[..]), (gray(3, 2, 5).as_bytes(), &[Conversion::From16Bit][..]));
    deep.get_pixel_mut(0, 0)[1] = 0;
    let (pixels, conversions) = decoded(form(1, 2, 3), &png(&deep.into()));
    assert_eq!((pixels[0], &pixels[1..]), (255, &gray(3, 2, 5).as_bytes()[1..]));
    assert_eq!(conversions, [Conversion::OnWhite, Conversion::From16Bit]);
}

#[test]
fn photographs_are_turned_upright_before_their_size_is_taken() {
    // Orientation 6 in an EXIF block: turn clockwise by a quarter.
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let plain = png(&gray(3, 2, 0));
    // The block goes behind the header's chunk of 25 bytes, which follows 8 bytes of signature.
    let turned = [&plain[..33], &chunk(*b"eXIf", exif), &plain[33..]].concat();
    let (pixels, conversions) = decoded(form(1, 3, 2), &turned);
    assert_eq!((pixels, conversions), (vec![7, 0, 10, 3, 13, 6], vec![Conversion::Upright]));
    let made = Made::new();
    for (at, name) in ["a/0.png", "a/1.png", "b/0.png", "b/1.png"].into_iter().enumerate() {
        // What follows the end of an image does not change it.
        made.write(name, &[&turned[..], &[at as u8]].concat());
    }
    let own = made.load().unwrap();
    assert_eq!(own.report.image_shape, [1, 3, 2]);
    assert_eq!(own.report.conversions[&Conversion::Upright], 4);
}

#[test]
fn a_set_has_the_pixels_of_its_files_decoded_alone() {
    let made = Made::new();
    for (at, name) in ["a/0.png", "a/1.png", "b/0.png", "b/1.png"].into_iter().enumerate() {
        made.write(name, &png(&colour(9 + at as u32, 8, at as u8)));
    }
    let own = made
        .load_by(&OwnSettings { size: Some((5, 6)), channels: Some(1), ..OwnSettings::default() })
        .unwrap();
    assert_eq!(own.report.conversions[&Conversion::Resized], 4);
    assert_eq!(own.preprocessing, form(1, 5, 6));
    let mut alone: Vec<Vec<u8>> = ["a/0.png", "a/1.png", "b/0.png", "b/1.png"]
        .map(|name| own.preprocessing.decode(&made.at(name)).unwrap().pixels)
        .to_vec();
    let bytes = |image: ndarray::ArrayView3<u8>| image.iter().copied().collect::<Vec<u8>>();
    let of = |part: &bal_data::Split| part.images.outer_iter().map(bytes).collect::<Vec<_>>();
    let mut together = [of(&own.dataset.train), of(&own.dataset.test)].concat();
    alone.sort();
    together.sort();
    assert_eq!(alone, together);
}

#[test]
fn images_that_differ_are_refused_with_two_names_and_the_way_out() {
    let made = Made::of_classes(&[("a", 2), ("b", 2)]);
    made.write("b/1.png", &png(&gray(5, 6, 0)));
    let error = made.error();
    assert!(error.contains("a/0.png has 5x6, b/1.png has 6x5; set a size"), "{error}");
    made.write("b/1.png", &png(&colour(6, 5, 0)));
    let error = made.error();
    assert!(error.contains("a/0.png is gray, b/1.png is RGB; set the channels to 1 or 3"), "{error}");
    let own = made.load_by(&OwnSettings { channels: Some(3), ..OwnSettings::default() }).unwrap();
    assert_eq!(own.report.conversions[&Conversion::ToColour], 3);
}

#[test]
fn settings_that_no_image_can_have_are_refused() {
    let made = Made::of_classes(&[("a", 2), ("b", 2)]);
    for (size, channels, expected) in [
        (Some((0, 5)), None, "size 0x5"),
        (Some((5, 5000)), None, "1..=4096"),
        (None, Some(2), "channels has to be 1 (gray) or 3 (RGB), got 2"),
    ] {
        let error = made.error_by(&OwnSettings { size, channels, ..OwnSettings::default() });
        assert!(error.contains(expected), "{error}");
    }
    let error = form(4, 1, 1).decode_bytes(&png(&gray(1, 1, 0)), Path::new("x")).unwrap_err().to_string();
    assert!(error.contains("got 4"), "{error}");
}

#[test]
fn hostile_files_are_refused_by_name_or_skipped() {
    let whole = png(&colour(40, 40, 3));
    let jpeg = encoded(&colour(40, 40, 3), ImageFormat::Jpeg);
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x40;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "is empty (0 bytes)"),
        ("text", b"not an image at all\n".to_vec(), "is not an image that can be read: PNG, JPEG, BMP, GIF"),
        (
            "a page",
            b"<!DOCTYPE html><html></html>".to_vec(),
            "is a page of HTML, which is not read; convert it to PNG",
        ),
        (
            "another format",
            b"\0\0\0\x18ftypheic\0\0\0\0".to_vec(),
            "is a HEIC image, which is not read; convert it",
        ),
        ("a GIF without an image", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), ""),
        ("a cut PNG", whole[..whole.len() / 2].to_vec(), ""),
        ("a PNG cut in its header", whole[..20].to_vec(), ""),
        ("a damaged PNG", flipped, ""),
        ("a cut JPEG", jpeg[..jpeg.len() - 40].to_vec(), "is a JPEG without its end"),
        ("a JPEG of its first bytes", jpeg[..20].to_vec(), "is a JPEG without its end"),
        ("a wide bomb", bomb(60_000, 60_000), "declares 60000x60000 pixels"),
        ("the widest bomb", bomb(i32::MAX as u32, i32::MAX as u32), ""),
        ("no pixels", bomb(0, 7), ""),
        ("a bomb of text", b"P6\n60000 60000\n255\nabc".to_vec(), "declares 60000x60000 pixels"),
        ("a cut PGM", b"P5\n4 4\n255\nabc".to_vec(), ""),
    ];
    let settings = OwnSettings { size: Some((8, 8)), channels: Some(3), ..OwnSettings::default() };
    for (name, bytes, expected) in cases {
        let made = Made::of_classes(&[("a", 3), ("b", 3)]);
        // A name that says JPEG: the content decides.
        made.write("a/1x.jpg", &bytes);
        let error = made.error_by(&settings);
        assert!(error.contains(": a/1x.jpg: ") && error.contains(expected), "{name}: {error}");
        assert!(
            error.ends_with("repair or remove what is bad, or have bad files skipped"),
            "{name}: {error}"
        );
        let own = made.load_by(&OwnSettings { bad_files: skipping().bad_files, ..settings.clone() }).unwrap();
        assert_eq!(
            (own.report.skipped.len(), own.report.skipped[0].file.as_str()),
            (1, "a/1x.jpg"),
            "{name}"
        );
        assert_eq!(own.dataset.train.len() + own.dataset.test.len(), 6, "{name}");
        let alone = form(3, 8, 8).decode(&made.at("a/1x.jpg")).unwrap_err().to_string();
        assert!(alone.starts_with(made.at("a/1x.jpg").to_str().unwrap()) && !alone.contains('\n'), "{alone}");
    }
}

#[test]
fn damaged_files_never_end_in_a_panic_or_in_too_few_pixels() {
    let image = colour(24, 17, 5);
    let originals = [
        png(&image),
        png(&image.to_rgb16().into()),
        encoded(&image, ImageFormat::Jpeg),
        encoded(&gray(24, 17, 5), ImageFormat::Jpeg),
        encoded(&image, ImageFormat::Pnm),
    ];
    let mut state = 12_345_u32;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    let (mut read, mut refused) = (0, 0);
    for original in &originals {
        for _ in 0..1000 {
            let mut bytes = original.clone();
            for _ in 0..=draw(3) {
                // Headers are short, and most that can go wrong is in them.
                let within = if draw(2) == 0 { bytes.len().min(64) } else { bytes.len() };
                let at = draw(within);
                bytes[at] = draw(256) as u8;
            }
            if draw(4) == 0 {
                bytes.truncate(draw(original.len()));
            }
            match form(3, 8, 8).decode_bytes(&bytes, Path::new("image")) {
                Ok(decoded) => {
                    read += 1;
                    assert_eq!(decoded.pixels.len(), 3 * 8 * 8);
                }
                Err(error) => {
                    refused += 1;
                    assert!(!error.to_string().contains('\n'), "{error}");
                }
            }
        }
    }
    assert!(read > 500 && refused > 500, "{read} {refused}");
}
