//! Data sets of the user's own: what the tests of all layouts share.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use bal_data::own::{self, BadFiles};
use bal_data::{DataError, Own, OwnSettings};
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use tempfile::TempDir;

/// A folder that is filled piece by piece.
pub(crate) struct Made {
    pub(crate) root: TempDir,
}

impl Made {
    pub(crate) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    /// `count` gray PNGs `0.png`, .. in each of these folders, all different.
    pub(crate) fn of_classes(folders: &[(&str, usize)]) -> Self {
        let made = Self::new();
        for (which, &(folder, count)) in folders.iter().enumerate() {
            for at in 0..count {
                made.write(&format!("{folder}/{at}.png"), &png(&gray(6, 5, (40 * which + at) as u8)));
            }
        }
        made
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn load(&self) -> Result<Own, DataError> {
        self.load_by(&OwnSettings::default())
    }

    pub(crate) fn load_by(&self, settings: &OwnSettings) -> Result<Own, DataError> {
        own::load(self.path(), settings)
    }

    /// The error, which has to be one line and to begin with the path of something in the folder.
    pub(crate) fn error(&self) -> String {
        self.error_by(&OwnSettings::default())
    }

    pub(crate) fn error_by(&self, settings: &OwnSettings) -> String {
        let error = self.load_by(settings).unwrap_err().to_string();
        assert!(!error.contains('\n'), "{error}");
        assert!(error.starts_with(self.path().to_str().unwrap()), "{error}");
        error
    }
}

/// Settings that skip bad files.
pub(crate) fn skipping() -> OwnSettings {
    OwnSettings { bad_files: BadFiles::Skip, ..OwnSettings::default() }
}

/// A gray ramp that starts at `first`.
pub(crate) fn gray(width: u32, height: u32, first: u8) -> DynamicImage {
    let pixel = |x, y| Luma([first.wrapping_add((3 * x + 7 * y) as u8)]);
    GrayImage::from_fn(width, height, pixel).into()
}

/// A ramp in colour that starts at `first`.
pub(crate) fn colour(width: u32, height: u32, first: u8) -> DynamicImage {
    let pixel = |x: u32, y: u32| Rgb([first.wrapping_add(x as u8), (9 * y) as u8, (5 * x + y) as u8]);
    RgbImage::from_fn(width, height, pixel).into()
}

pub(crate) fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn png(image: &DynamicImage) -> Vec<u8> {
    encoded(image, ImageFormat::Png)
}

/// The chunk of a PNG with its length and checksum.
pub(crate) fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let body = [&kind[..], content].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&body);
    [&(content.len() as u32).to_be_bytes()[..], &body, &crc.sum().to_be_bytes()].concat()
}

/// A PNG that declares gray pixels of these lengths and has hardly any.
pub(crate) fn bomb(width: u32, height: u32) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let pieces = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(*b"IHDR", &header), &chunk(*b"IDAT", &[0; 8])];
    pieces.concat()
}
