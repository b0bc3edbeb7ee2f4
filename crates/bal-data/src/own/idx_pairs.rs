//! IDX files of the user's own: a pair of images and labels, perhaps a second one to test on, perhaps tracks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ndarray::{Array4, Axis};
use rayon::prelude::*;

use super::collected::Collected;
use super::conversion::Conversion;
use super::listing::{Entry, Side, visible};
use super::preprocessing::{Decoded, Preprocessing};
use super::raw::{Header, Raw};
use super::{OwnSettings, agree, divide};
use crate::{DataError, Split, idx};

/// Reads the IDX files in `root`: `[n, h, w]` gray or `[n, h, w, 3]` RGB, with labels `0..classes`.
pub(super) fn read(root: &Path, settings: &OwnSettings) -> Result<Collected, DataError> {
    let refused = |reason| DataError::own(root, reason);
    let found = Files::in_folder(root)?;
    let mut digests = BTreeMap::new();
    let train = Part::read(&found, "train", &mut digests)?;
    let test = found.test.map(|prefix| Part::read(&found, prefix, &mut digests)).transpose()?;
    let classes = classes(&train, test.as_ref()).map_err(refused)?;

    let parts: Vec<&Part> = [Some(&train), test.as_ref()].into_iter().flatten().collect();
    let entries = entries(&parts);
    divide::sides(&entries, &classes, settings).map_err(refused)?;
    let headers = parts.iter().flat_map(|part| vec![part.header; part.labels.len()]);
    let named = entries.iter().map(|entry| entry.name.as_str()).zip(headers);
    let preprocessing = agree::form(named, settings).map_err(refused)?;
    let (images, conversions) = convert(&parts, &preprocessing).map_err(refused)?;
    let labels = entries.iter().map(|entry| entry.label).collect();
    let groups = entries.iter().map(|entry| entry.group).collect();
    Ok(Collected {
        all: Split { images, labels, groups },
        entries,
        classes,
        preprocessing,
        conversions,
        skipped: vec![],
        ignored: found.others,
        files: digests,
    })
}

/// IDX files of a folder.
struct Files {
    root: PathBuf,
    names: BTreeSet<String>,
    /// How names of test files start.
    test: Option<&'static str>,
    /// What is neither.
    others: Vec<String>,
}

impl Files {
    fn in_folder(root: &Path) -> Result<Self, DataError> {
        let found = visible(root)?;
        let mut files =
            Self { root: root.to_owned(), names: BTreeSet::new(), test: None, others: found.hidden };
        for item in found.items {
            let part = ["train-", "t10k-", "test-"].into_iter().any(|prefix| item.name.starts_with(prefix));
            if part && !item.is_folder && item.name.contains("-idx") {
                files.names.insert(item.name);
            } else {
                files.others.push(item.name);
            }
        }
        let tests = |prefix: &str| files.names.iter().any(|name| name.starts_with(prefix));
        files.test = match (tests("t10k-"), tests("test-")) {
            (true, true) => {
                let reason =
                    "has both t10k-.. and test-.. files; remove or rename one of the pairs".to_owned();
                return Err(DataError::own(root, reason));
            }
            (true, false) => Some("t10k"),
            (false, true) => Some("test"),
            (false, false) => None,
        };
        Ok(files)
    }

    /// The only file of these names, plain or `.gz`.
    fn one(&self, names: &[String]) -> Result<Option<(String, PathBuf)>, DataError> {
        let both = names.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]);
        let found: Vec<String> = both.filter(|name| self.names.contains(name)).collect();
        match &found[..] {
            [] => Ok(None),
            [name] => Ok(Some((name.clone(), self.root.join(name)))),
            [one, other, ..] => {
                Err(DataError::own(&self.root, format!("has both {one} and {other}; remove one")))
            }
        }
    }

    fn needed(&self, names: &[String]) -> Result<(String, PathBuf), DataError> {
        self.one(names)?.ok_or_else(|| {
            DataError::own(
                &self.root,
                format!("has no {} (plain or .gz); the pair needs it", names.join(" or ")),
            )
        })
    }
}

/// One pair of files.
struct Part {
    prefix: &'static str,
    header: Header,
    /// `[n, h, w, c]`.
    pixels: Vec<u8>,
    labels: Vec<u8>,
    tracks: Option<Vec<i32>>,
}

impl Part {
    fn read(
        files: &Files,
        prefix: &'static str,
        digests: &mut BTreeMap<String, String>,
    ) -> Result<Self, DataError> {
        let name = |what: &str| format!("{prefix}-{what}");
        let (images_name, images_file) =
            files.needed(&[name("images-idx3-ubyte"), name("images-idx4-ubyte")])?;
        let (labels_name, labels_file) = files.needed(&[name("labels-idx1-ubyte")])?;
        let loaded = idx::read_u8(&images_file)?;
        digests.insert(images_name, loaded.sha256.to_string());
        let (images, header) = match *loaded.values.shape() {
            [n, height, width] if n * height * width > 0 => (n, Header { height, width, channels: 1 }),
            [n, height, width, channels @ (1 | 3)] if n * height * width > 0 => {
                (n, Header { height, width, channels })
            }
            ref other => {
                let expected = "[n, h, w] or [n, h, w, 3], none of them 0".to_owned();
                return Err(DataError::Shape { file: images_file, expected, found: other.to_vec() });
            }
        };
        let pixels = loaded.values.into_raw_vec_and_offset().0;
        let per_image = |file: &Path, shape: &[usize]| match *shape {
            [n] if n == images => Ok(()),
            [found] => Err(DataError::Count {
                file: file.to_owned(),
                found,
                images_file: images_file.clone(),
                images,
            }),
            _ => Err(DataError::Shape {
                file: file.to_owned(),
                expected: "[n]".to_owned(),
                found: shape.to_vec(),
            }),
        };
        let loaded = idx::read_u8(&labels_file)?;
        digests.insert(labels_name, loaded.sha256.to_string());
        per_image(&labels_file, loaded.values.shape())?;
        let labels = loaded.values.into_raw_vec_and_offset().0;
        let tracks = match files.one(&[name("tracks-idx1-int")])? {
            None => None,
            Some((tracks_name, file)) => {
                let loaded = idx::read_i32(&file)?;
                digests.insert(tracks_name, loaded.sha256.to_string());
                per_image(&file, loaded.values.shape())?;
                Some(loaded.values.into_raw_vec_and_offset().0)
            }
        };
        Ok(Self { prefix, header, pixels, labels, tracks })
    }

    fn side(&self) -> Side {
        if self.prefix == "train" { Side::Train } else { Side::Test }
    }
}

/// Names `"0"`, `"1"`, ..: each needs a training image, and a test label has to be one of them.
fn classes(train: &Part, test: Option<&Part>) -> Result<Vec<String>, String> {
    let used: BTreeSet<u8> = train.labels.iter().copied().collect();
    let most = used.last().copied().unwrap_or_default();
    if let Some(gap) = (0..most).find(|label| !used.contains(label)) {
        return Err(format!(
            "no training image has label {gap}, but the largest label is {most}; number the classes from 0 without gaps"
        ));
    }
    if let Some(label) = test.and_then(|test| test.labels.iter().find(|&label| !used.contains(label))) {
        return Err(format!("a test image has label {label}, which no training image has"));
    }
    super::classes::sorted((0..=most).map(|label| label.to_string()).collect())
}

/// A line per image. Tracks count within a class, as in GTSRB; a part without tracks has groups of one.
fn entries(parts: &[&Part]) -> Vec<Entry> {
    let grouped = parts.iter().any(|part| part.tracks.is_some());
    let keys: Vec<(usize, u8, i64)> = parts
        .iter()
        .enumerate()
        .flat_map(|(which, part)| {
            part.labels.iter().enumerate().map(move |(at, &label)| match &part.tracks {
                Some(tracks) => (which, label, i64::from(tracks[at])),
                None => (which, label, at as i64),
            })
        })
        .collect();
    let numbers: BTreeMap<_, u32> =
        keys.iter().copied().collect::<BTreeSet<_>>().into_iter().zip(0..).collect();
    let lines = parts.iter().flat_map(|part| {
        let side = (parts.len() > 1).then(|| part.side());
        part.labels.iter().enumerate().map(move |(at, &label)| (format!("{}/{at}", part.prefix), label, side))
    });
    lines
        .zip(&keys)
        .map(|((name, label, side), key)| Entry {
            name,
            path: PathBuf::new(),
            label,
            side,
            group: grouped.then(|| numbers[key]),
        })
        .collect()
}

/// All images in their final form, in order.
fn convert(
    parts: &[&Part],
    form: &Preprocessing,
) -> Result<(Array4<u8>, BTreeMap<Conversion, usize>), String> {
    let [channels, height, width] = form.image_shape();
    let mut conversions: BTreeMap<Conversion, usize> = BTreeMap::new();
    let mut images = Array4::zeros((0, channels, height, width));
    for part in parts {
        let Header { height: h, width: w, channels: c } = part.header;
        let done: Vec<Decoded> = part
            .pixels
            .par_chunks_exact(h * w * c)
            .map(|pixels| {
                form.apply(Raw { header: part.header, pixels: pixels.to_vec(), conversions: vec![] })
            })
            .collect::<Result<_, _>>()?;
        done.iter().flat_map(|image| &image.conversions).for_each(|&conversion| {
            *conversions.entry(conversion).or_default() += 1;
        });
        let pixels: Vec<u8> = done.into_iter().flat_map(|image| image.pixels).collect();
        let of_part = Array4::from_shape_vec((part.labels.len(), channels, height, width), pixels)
            .map_err(|e| e.to_string())?;
        images.append(Axis(0), of_part.view()).map_err(|e| e.to_string())?;
    }
    Ok((images, conversions))
}
