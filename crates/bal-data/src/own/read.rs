//! Reads what was listed: headers first, so that what cannot work ends early, then all pixels, on all threads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::{Array4, Axis};
use rayon::prelude::*;

use super::bad::Skipped;
use super::collected::Collected;
use super::conversion::Conversion;
use super::listing::{Entry, Listing};
use super::name;
use super::preprocessing::Preprocessing;
use super::raw::{self, Header};
use super::remedy::Refusal;
use super::{BadFiles, Goal, OwnSettings, agree, divide};
use crate::{DataError, Digest, Split};

/// Reads the images of a listing. Their order is that of the listing, whatever thread decodes them.
pub(super) fn read(listing: Listing, settings: &OwnSettings, goal: Goal) -> Result<Collected, DataError> {
    let Listing { root, classes, mut entries, groups, mut bad, ignored, remarks } = listing;
    let refused = |refusal: Refusal| DataError::own(&root, refusal);
    // What the split needs is known before any file is opened.
    if let Err(refusal) = usable(&entries, classes.names(), &bad, settings, goal) {
        // A class may lack images because its files are none.
        settings.bad_files.settle(&root, &bad)?;
        return Err(refused(refusal));
    }

    let by_content = groups.is_empty() && goal == Goal::Train && entries.iter().all(|e| e.side.is_none());
    let found: Vec<Result<(Header, Option<Digest>), String>> = entries
        .par_iter()
        .map(|entry| {
            let bytes = raw::bytes(&entry.path)?;
            Ok((raw::header(&bytes)?, by_content.then(|| Digest::of(&bytes))))
        })
        .collect();
    let (mut headers, contents): (Vec<Header>, Vec<Option<Digest>>) =
        keep_good(&mut entries, found, &mut bad).into_iter().unzip();
    let mut contents: Vec<Digest> = contents.into_iter().flatten().collect();
    settings.bad_files.settle(&root, &bad)?;
    let named = entries.iter().map(|entry| entry.name.as_str()).zip(headers.drain(..));
    let preprocessing = agree::form(named, settings).map_err(refused)?;

    let (mut images, found) = decode(&root, &entries, &preprocessing)?;
    let whole: Vec<usize> = (0..entries.len()).filter(|&at| found[at].is_ok()).collect();
    let done = keep_good(&mut entries, found, &mut bad);
    settings.bad_files.settle(&root, &bad)?;
    if whole.len() < images.dim().0 {
        images = images.select(Axis(0), &whole);
        if by_content {
            contents = whole.iter().map(|&at| contents[at]).collect();
        }
    }
    usable(&entries, classes.names(), &bad, settings, goal).map_err(refused)?;

    let mut conversions: BTreeMap<Conversion, usize> = BTreeMap::new();
    for conversion in done.iter().flat_map(|(conversions, _)| conversions) {
        *conversions.entry(*conversion).or_default() += 1;
    }
    let of_groups: Vec<Digest> = groups.iter().map(|name| Digest::of(name.as_bytes())).collect();
    let of_group = |entry: &Entry| entry.group.map(|group| of_groups[group as usize]);
    let identities = if by_content { contents } else { entries.iter().filter_map(of_group).collect() };
    let labels = entries.iter().map(|entry| entry.label).collect();
    let groups = entries.iter().map(|entry| entry.group).collect();
    let names = Some(entries.iter().map(|entry| entry.name.clone()).collect());
    Ok(Collected {
        all: Split { images, labels, groups, names },
        entries,
        classes,
        identities,
        pixels: done.into_iter().map(|(_, pixels)| pixels).collect(),
        preprocessing,
        conversions,
        skipped: bad,
        ignored,
        remarks,
        files: BTreeMap::new(),
    })
}

/// Refuses images that are not enough for what they are read for, with a fault of the files that were left out: of a class
/// without images, where one is.
fn usable(
    entries: &[Entry],
    classes: &[String],
    bad: &[Skipped],
    settings: &OwnSettings,
    goal: Goal,
) -> Result<(), Refusal> {
    let result = match goal {
        Goal::Train => divide::check(entries, classes, settings),
        Goal::Test if entries.is_empty() => Err("there is no image that can be used".to_owned().into()),
        Goal::Test => Ok(()),
    };
    let Some(first) = bad.first().filter(|_| settings.bad_files == BadFiles::Skip) else { return result };
    result.map_err(|Refusal { reason, remedy }| {
        let there: BTreeSet<u16> = entries.iter().map(|entry| entry.label).collect();
        let empty = classes.iter().zip(0..).find(|(_, label)| !there.contains(label)).map(|(class, _)| class);
        let inside =
            |bad: &&Skipped| empty.is_some_and(|class| bad.file.split('/').any(|part| part == class));
        let Skipped { file, reason: fault } = bad.iter().find(inside).unwrap_or(first);
        let (count, file) = (bad.len(), name::shown(file));
        let files = if count == 1 { "1 file was".to_owned() } else { format!("{count} files were") };
        Refusal { reason: format!("{reason}; {files} left out, such as {file}: {fault}"), remedy }
    })
}

/// Removes the entries that failed, and returns what was found of the others.
fn keep_good<T>(entries: &mut Vec<Entry>, found: Vec<Result<T, String>>, bad: &mut Vec<Skipped>) -> Vec<T> {
    let mut good = Vec::with_capacity(entries.len());
    let mut found = found.into_iter();
    entries.retain(|entry| match found.next() {
        Some(Ok(value)) => {
            good.push(value);
            true
        }
        Some(Err(reason)) => {
            bad.push(Skipped { file: entry.name.clone(), reason });
            false
        }
        None => false,
    });
    good
}

/// What was done to each image, with the digest of its pixels; or why it cannot be used.
type Decodings = Vec<Result<(Vec<Conversion>, Digest), String>>;

/// All images, those of files that failed black, and what was done to each.
fn decode(
    root: &Path,
    entries: &[Entry],
    form: &Preprocessing,
) -> Result<(Array4<u8>, Decodings), DataError> {
    let refused = |reason: &str| DataError::own(root, reason.to_owned());
    let bytes = form.bytes();
    let mut pixels = Vec::new();
    pixels
        .try_reserve_exact(entries.len() * bytes)
        .map_err(|_| refused("the images do not fit the memory; set a smaller size"))?;
    pixels.resize(entries.len() * bytes, 0);
    let found = pixels
        .par_chunks_exact_mut(bytes)
        .zip(entries)
        .map(|(pixels, entry)| {
            let decoded = raw::bytes(&entry.path).and_then(|bytes| form.of_bytes(&bytes))?;
            pixels.copy_from_slice(&decoded.pixels);
            Ok((decoded.conversions, Digest::of(pixels)))
        })
        .collect();
    let [channels, height, width] = form.image_shape();
    let images = Array4::from_shape_vec((entries.len(), channels, height, width), pixels)
        .map_err(|_| refused("images and their number disagree"))?;
    Ok((images, found))
}
