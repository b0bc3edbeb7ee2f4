//! From the three official zips to the five IDX files: all are written and checked, only then named.

use std::path::{Path, PathBuf};

use super::SIDE;
use super::archive::Archive;
use super::frame::{self, Frame};
use super::frames::{self, Annotated};
use super::output::{Finished, Output};
use crate::digest::Hasher;
use crate::progress::Progress;
use crate::set::GTSRB_FILES;
use crate::{Content, DataError, manifest};

/// How often the progress is told, in frames.
const TELL_EVERY: usize = 256;

/// The official archives.
#[derive(Clone, Debug)]
pub struct OfficialZips {
    /// `GTSRB_Final_Training_Images.zip`: training frames with their annotations.
    pub training: PathBuf,
    /// `GTSRB_Final_Test_Images.zip`: test frames.
    pub test: PathBuf,
    /// `GTSRB_Final_Test_GT.zip`: classes of the test frames.
    pub truth: PathBuf,
}

/// What was prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Number of training images.
    pub train: usize,
    /// Number of test images.
    pub test: usize,
    /// RGB bytes of all training frames in original size, by class, track and frame.
    pub training_pixels: Content,
    /// RGB bytes of all test frames in original size, by number.
    pub test_pixels: Content,
}

/// Prepares the IDX files of [`Set::Gtsrb`] in `folder`, which must exist.
///
/// With `expected` (the manifest's entry) the decoded frames must be those of the official release, and each prepared
/// file must have the stated content; without it any subset in the official layout will do.
/// Errors name archive, entry and row; on an error no file in `folder` has changed.
pub fn prepare(
    zips: &OfficialZips,
    folder: &Path,
    expected: Option<&manifest::Entry>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Prepared, DataError> {
    let official = expected.and_then(|entry| entry.official.as_ref());
    let names = GTSRB_FILES;
    let mut files = Vec::new();

    let mut archive = Archive::open(&zips.training)?;
    let frames = frames::training(&mut archive)?;
    let train = frames.len();
    let mut tell = |done| progress(Progress::Preparing { part: "train", done, total: train });
    let (images, training_pixels) = images(folder, names.train_images, &mut archive, &frames, &mut tell)?;
    if let Some(official) = official {
        compare(&zips.training, training_pixels, official.training_pixels)?;
    }
    files.extend([images, labels(folder, names.train_labels, &frames)?]);
    if let Some(name) = names.train_tracks {
        let tracks: Vec<u8> = frames.iter().flat_map(|frame| frame.track.to_be_bytes()).collect();
        files.push(Output::create(folder, name)?.i32(&[train], &tracks)?);
    }

    let mut archive = Archive::open(&zips.test)?;
    let frames = frames::test(&archive, &mut Archive::open(&zips.truth)?)?;
    let test = frames.len();
    let mut tell = |done| progress(Progress::Preparing { part: "test", done, total: test });
    let (images, test_pixels) = self::images(folder, names.test_images, &mut archive, &frames, &mut tell)?;
    if let Some(official) = official {
        compare(&zips.test, test_pixels, official.test_pixels)?;
    }
    files.extend([images, labels(folder, names.test_labels, &frames)?]);

    if let Some(entry) = expected {
        files.iter().try_for_each(|file| file.compare(entry))?;
    }
    files.into_iter().try_for_each(Finished::commit)?;
    Ok(Prepared { train, test, training_pixels, test_pixels })
}

/// Decodes, hashes and resizes all frames into the file `name`.
fn images(
    folder: &Path,
    name: &'static str,
    archive: &mut Archive,
    frames: &[Annotated],
    tell: &mut dyn FnMut(usize),
) -> Result<(Finished, Content), DataError> {
    let mut originals = Hasher::default();
    let file = Output::create(folder, name)?.u8(&[frames.len(), SIDE, SIDE, 3], |values| {
        for (index, annotated) in frames.iter().enumerate() {
            let entry = &annotated.entry;
            let frame = Frame::decode(&archive.read(entry.index, &entry.path, frame::MOST_BYTES)?)
                .map_err(|reason| archive.fault(&entry.path, reason))?;
            let stated = (annotated.annotation.width, annotated.annotation.height);
            if (frame.width, frame.height) != stated {
                let found = (frame.width, frame.height);
                return Err(
                    archive.fault(&entry.path, format!("has {found:?} pixels, {stated:?} by its row"))
                );
            }
            originals.update(&frame.rgb);
            values.push(&frame.resized())?;
            if index % TELL_EVERY == 0 {
                tell(index);
            }
        }
        tell(frames.len());
        Ok(())
    })?;
    Ok((file, originals.finish()))
}

/// Writes the classes of all frames into the file `name`.
fn labels(folder: &Path, name: &'static str, frames: &[Annotated]) -> Result<Finished, DataError> {
    let labels: Vec<u8> = frames.iter().map(|frame| frame.annotation.class).collect();
    Output::create(folder, name)?.u8(&[labels.len()], |values| values.push(&labels))
}

/// Makes sure that the frames are those of the official release.
fn compare(archive: &Path, found: Content, expected: Content) -> Result<(), DataError> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (Box::new(expected), Box::new(found));
    Err(DataError::Originals { file: archive.to_owned(), expected, found })
}
