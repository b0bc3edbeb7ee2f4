//! Which entries of the official archives are frames and annotations, and the frames' order.

use std::collections::BTreeMap;

use super::archive::Archive;
use crate::{DataError, Set};

const TRAINING: &str = "GTSRB/Final_Training/Images/";
const TEST: &str = "GTSRB/Final_Test/Images/";

/// Where a training frame belongs; ordered as the prepared files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) class: u8,
    pub(super) track: u32,
    pub(super) frame: u32,
}

/// An entry of an archive.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) index: usize,
    /// Full name within the archive.
    pub(super) path: String,
}

impl Entry {
    /// The name that annotations use.
    pub(super) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// The training archive: `00007/00002_00014.ppm` and `00007/GT-00007.csv` for each class.
pub(super) struct Training {
    pub(super) frames: BTreeMap<Key, Entry>,
    pub(super) annotations: BTreeMap<u8, Entry>,
}

impl Training {
    /// Finds frames and annotations; what else is in the folder of the images is refused, what is elsewhere is ignored.
    pub(super) fn of(archive: &Archive) -> Result<Self, DataError> {
        let mut listing = Self { frames: BTreeMap::new(), annotations: BTreeMap::new() };
        for (index, path) in archive.names() {
            let Some(name) = below(&path, TRAINING) else { continue };
            let (class, file) = name
                .split_once('/')
                .and_then(|(class, file)| Some((class_number(class)?, file)))
                .ok_or_else(|| archive.fault(&path, "is in no class folder 00000 to 00042"))?;
            if file.is_empty() {
                continue;
            }
            let entry = Entry { index, path: path.clone() };
            if file == format!("GT-{class:05}.csv") {
                listing.annotations.insert(class, entry);
                continue;
            }
            let (track, frame) = file
                .strip_suffix(".ppm")
                .and_then(|stem| stem.split_once('_'))
                .and_then(|(track, frame)| Some((five_digits(track)?, five_digits(frame)?)))
                .ok_or_else(|| {
                    archive.fault(&path, "is neither a frame TTTTT_FFFFF.ppm nor the annotations")
                })?;
            listing.frames.insert(Key { class, track, frame }, entry);
        }
        if listing.frames.is_empty() {
            return Err(archive.wrong(format!("has no frames below {TRAINING}")));
        }
        Ok(listing)
    }
}

/// Finds the frames of the test archive, `00123.ppm`, by number.
pub(super) fn test_frames(archive: &Archive) -> Result<BTreeMap<u32, Entry>, DataError> {
    let mut frames = BTreeMap::new();
    for (index, path) in archive.names() {
        let Some(name) = below(&path, TEST) else { continue };
        // The annotations without classes that lie beside the frames are of no use.
        if name == "GT-final_test.test.csv" {
            continue;
        }
        let number = name
            .strip_suffix(".ppm")
            .and_then(five_digits)
            .ok_or_else(|| archive.fault(&path, "is not a frame NNNNN.ppm"))?;
        frames.insert(number, Entry { index, path });
    }
    if frames.is_empty() {
        return Err(archive.wrong(format!("has no frames below {TEST}")));
    }
    Ok(frames)
}

/// Finds the one table of the archive of test classes.
pub(super) fn truth(archive: &Archive) -> Result<Entry, DataError> {
    archive
        .names()
        .find(|(_, path)| path.rsplit('/').next() == Some("GT-final_test.csv"))
        .map(|(index, path)| Entry { index, path })
        .ok_or_else(|| archive.wrong("has no GT-final_test.csv"))
}

/// The rest of `path` below `folder`, unless it is the folder itself.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder).filter(|rest| !rest.is_empty())
}

fn class_number(text: &str) -> Option<u8> {
    let class = u8::try_from(five_digits(text)?).ok()?;
    (usize::from(class) < Set::Gtsrb.classes()).then_some(class)
}

fn five_digits(text: &str) -> Option<u32> {
    (text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}
