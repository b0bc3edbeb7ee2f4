//! IDX files of the user's own: a pair of images and labels, perhaps a second one to test on, perhaps tracks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ndarray::{Array4, Axis};
use rayon::prelude::*;

use super::classes::Classes;
use super::collected::Collected;
use super::conversion::Conversion;
use super::idx_files::{Content, Found, IdxFiles, IdxPart};
use super::listing::{Entry, Side};
use super::preprocessing::{Decoded, Preprocessing};
use super::raw::{Header, Raw};
use super::remedy::Refusal;
use super::{Goal, OwnSettings, agree, divide};
use crate::{DataError, Digest, Split, idx};

/// Reads IDX files: `[n, h, w]` gray or `[n, h, w, 3]` RGB, with labels that are classes by their numbers.
pub(super) fn read(files: &IdxFiles, settings: &OwnSettings, goal: Goal) -> Result<Collected, DataError> {
    let refused = |refusal: Refusal| DataError::own(&files.root, refusal);
    let mut reader = Reader { files, digests: BTreeMap::new(), compressed: vec![] };
    let test = files.test()?;
    // Of a data set with a split only the images to test on are asked for, but the classes are those of all, unless listed.
    let numbered_together = settings.classes.is_none() && files.has(IdxPart::Train);
    let trained = goal == Goal::Train || test.is_none() || numbered_together;
    let train_labels = if trained { Some(reader.labels(IdxPart::Train)?) } else { None };
    let train = goal == Goal::Train || test.is_none();
    let train = if train { Some(reader.part(IdxPart::Train)?) } else { None };
    let test = test.map(|part| reader.part(part)).transpose()?;

    let parts: Vec<&Part> = [train.as_ref(), test.as_ref()].into_iter().flatten().collect();
    let test_labels = test.as_ref().map(|part| &part.labels[..]);
    let mut remarks: Vec<String> = reader.remark().into_iter().collect();
    let classes = classes(train_labels.as_deref(), test_labels, settings, &mut remarks)
        .map_err(|reason| refused(reason.into()))?;
    let entries = entries(&parts, &classes);
    if goal == Goal::Train {
        divide::check(&entries, classes.names(), settings).map_err(refused)?;
    }
    let headers = parts.iter().flat_map(|part| vec![part.header; part.labels.len()]);
    let named = entries.iter().map(|entry| entry.name.as_str()).zip(headers);
    let preprocessing = agree::form(named, settings).map_err(refused)?;
    let identities = if goal == Goal::Train && parts.len() == 1 { identities(parts[0]) } else { vec![] };
    let Converted { images, pixels, conversions } =
        convert(&parts, &preprocessing).map_err(|reason| refused(reason.into()))?;
    let labels = entries.iter().map(|entry| entry.label).collect();
    let groups = entries.iter().map(|entry| entry.group).collect();
    let Reader { digests, .. } = reader;
    Ok(Collected {
        // Its images are no files, so they have no names but their numbers.
        all: Split { images, labels, groups, names: None },
        entries,
        classes,
        identities,
        pixels,
        preprocessing,
        conversions,
        skipped: vec![],
        ignored: files.others.clone(),
        remarks,
        files: digests,
    })
}

/// One pair of files.
struct Part {
    of: IdxPart,
    header: Header,
    /// `[n, h, w, c]`.
    pixels: Vec<u8>,
    labels: Vec<u8>,
    tracks: Option<Vec<i32>>,
}

impl Part {
    fn side(&self) -> Side {
        if self.of == IdxPart::Train { Side::Train } else { Side::Test }
    }

    fn image_bytes(&self) -> usize {
        self.header.height * self.header.width * self.header.channels
    }
}

/// Reads files, and keeps what is to be said of them.
struct Reader<'a> {
    files: &'a IdxFiles,
    digests: BTreeMap<String, String>,
    /// Files that hold the same as their plain form, which was read.
    compressed: Vec<String>,
}

impl Reader<'_> {
    /// What to say of files that are there twice.
    fn remark(&self) -> Option<String> {
        match &self.compressed[..] {
            [] => None,
            [one] => Some(format!("{one} holds the same as its plain form, which was read")),
            [first, ..] => Some(format!(
                "{} compressed files, such as {first}, hold the same as their plain forms, which were read",
                self.compressed.len()
            )),
        }
    }

    fn part(&mut self, part: IdxPart) -> Result<Part, DataError> {
        let found = self.files.needed(part, Content::Images)?;
        let loaded = self.loaded(&found, idx::read_u8)?;
        let images_file = &found.file.path;
        let (images, header) = match *loaded.shape() {
            [n, height, width] if n * height * width > 0 => {
                (n, Header { height, width, channels: 1, turned: false })
            }
            [n, height, width, channels @ (1 | 3)] if n * height * width > 0 => {
                (n, Header { height, width, channels, turned: false })
            }
            ref other => {
                let expected = "[n, h, w] or [n, h, w, 3], none of them 0".to_owned();
                let file = images_file.clone();
                return Err(DataError::Shape { file, expected, found: other.to_vec() });
            }
        };
        let pixels = loaded.into_raw_vec_and_offset().0;
        let per_image = |file: &Path, found: usize| match found {
            found if found == images => Ok(()),
            found => Err(DataError::Count {
                file: file.to_owned(),
                found,
                images_file: images_file.clone(),
                images,
            }),
        };
        let labels = self.labels(part)?;
        per_image(&self.files.needed(part, Content::Labels)?.file.path, labels.len())?;
        let tracks = match self.files.one(part, Content::Tracks)? {
            None => None,
            Some(found) => {
                let tracks = self.loaded(&found, idx::read_i32)?;
                let tracks = vector(&found.file.path, tracks)?;
                per_image(&found.file.path, tracks.len())?;
                Some(tracks)
            }
        };
        Ok(Part { of: part, header, pixels, labels, tracks })
    }

    fn labels(&mut self, part: IdxPart) -> Result<Vec<u8>, DataError> {
        // What is missing first is said first.
        self.files.needed(part, Content::Images)?;
        let found = self.files.needed(part, Content::Labels)?;
        let labels = self.loaded(&found, idx::read_u8)?;
        vector(&found.file.path, labels)
    }

    /// The values of a file, which are those of its compressed form too, where that lies beside it.
    fn loaded<T: PartialEq>(
        &mut self,
        found: &Found,
        read: fn(&Path) -> Result<idx::Loaded<T>, DataError>,
    ) -> Result<ndarray::ArrayD<T>, DataError> {
        let Found { file, compressed } = found;
        let loaded = read(&file.path)?;
        let first = self.digests.insert(file.name.clone(), loaded.sha256.to_string()).is_none();
        if let Some(gz) = compressed.as_ref().filter(|_| first) {
            if read(&gz.path)?.values != loaded.values {
                let reason = format!("{} and {} differ; remove one", file.name, gz.name);
                return Err(DataError::own(&self.files.root, reason));
            }
            self.compressed.push(gz.name.clone());
        }
        Ok(loaded.values)
    }
}

/// A value per image.
fn vector<T>(file: &Path, values: ndarray::ArrayD<T>) -> Result<Vec<T>, DataError> {
    match *values.shape() {
        [_] => Ok(values.into_raw_vec_and_offset().0),
        ref found => {
            Err(DataError::Shape { file: file.to_owned(), expected: "[n]".to_owned(), found: found.to_vec() })
        }
    }
}

/// The labels that occur, called by their numbers; a test label has to be one of those to train on.
fn classes(
    train: Option<&[u8]>,
    test: Option<&[u8]>,
    settings: &OwnSettings,
    remarks: &mut Vec<String>,
) -> Result<Classes, String> {
    let used: BTreeSet<u8> = train.or(test).into_iter().flatten().copied().collect();
    if let Some(label) = test.into_iter().flatten().find(|&label| !used.contains(label)) {
        return Err(format!("a test image has label {label}, which no training image has"));
    }
    let (least, most) = (used.first().copied().unwrap_or(0), used.last().copied().unwrap_or(0));
    let gap = (least..=most).find(|label| !used.contains(label));
    if let Some(gap) = gap.filter(|_| train.is_none() && settings.classes.is_none()) {
        return Err(format!(
            "no image has label {gap}, but labels go from {least} to {most}: which number the classes have is not known \
             without the training labels; put them beside, or list the classes"
        ));
    }
    if least > 0 || gap.is_some() {
        let count = used.len();
        remarks.push(format!("{count} labels occur, from {least} to {most}; classes are called by them"));
    }
    let names: Vec<String> = used.into_iter().map(|label| label.to_string()).collect();
    Classes::of(names.iter().map(String::as_str), settings.classes.as_deref())
}

/// A line per image. Tracks count within a class, as in GTSRB; a part without tracks has groups of one.
fn entries(parts: &[&Part], classes: &Classes) -> Vec<Entry> {
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
    let of_label: Vec<u16> =
        (0..=u8::MAX).map(|label| classes.label(&label.to_string()).unwrap_or_default()).collect();
    let split = parts.len() > 1 || parts.iter().any(|part| part.side() == Side::Test);
    let lines = parts.iter().flat_map(|part| {
        let side = split.then(|| part.side());
        let name = part.of.name();
        part.labels.iter().enumerate().map(move |(at, &label)| (format!("{name}/{at}"), label, side))
    });
    lines
        .zip(&keys)
        .map(|((name, label, side), key)| Entry {
            name,
            path: PathBuf::new(),
            label: of_label[usize::from(label)],
            side,
            group: grouped.then(|| numbers[key]),
        })
        .collect()
}

/// What each image is: its track, or its pixels.
fn identities(part: &Part) -> Vec<Digest> {
    match &part.tracks {
        Some(tracks) => {
            let names = part.labels.iter().zip(tracks).map(|(label, track)| format!("{label}/{track}"));
            names.map(|name| Digest::of(name.as_bytes())).collect()
        }
        None => part.pixels.par_chunks_exact(part.image_bytes()).map(Digest::of).collect(),
    }
}

/// Images in their final form.
struct Converted {
    images: Array4<u8>,
    pixels: Vec<Digest>,
    conversions: BTreeMap<Conversion, usize>,
}

/// All images in their final form, in order.
fn convert(parts: &[&Part], form: &Preprocessing) -> Result<Converted, String> {
    let [channels, height, width] = form.image_shape();
    let mut conversions: BTreeMap<Conversion, usize> = BTreeMap::new();
    let mut images = Array4::zeros((0, channels, height, width));
    let mut digests = Vec::new();
    for part in parts {
        let done: Vec<Decoded> = part
            .pixels
            .par_chunks_exact(part.image_bytes())
            .map(|pixels| {
                form.apply(Raw { header: part.header, pixels: pixels.to_vec(), conversions: vec![] })
            })
            .collect::<Result<_, _>>()?;
        done.iter().flat_map(|image| &image.conversions).for_each(|&conversion| {
            *conversions.entry(conversion).or_default() += 1;
        });
        digests.par_extend(done.par_iter().map(|image| Digest::of(&image.pixels)));
        let pixels: Vec<u8> = done.into_iter().flat_map(|image| image.pixels).collect();
        let of_part = Array4::from_shape_vec((part.labels.len(), channels, height, width), pixels)
            .map_err(|e| e.to_string())?;
        images.append(Axis(0), of_part.view()).map_err(|e| e.to_string())?;
    }
    Ok(Converted { images, pixels: digests, conversions })
}
