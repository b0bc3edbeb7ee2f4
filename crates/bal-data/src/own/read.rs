//! Reads what was listed: headers first, so that what cannot work ends early, then all pixels, on all threads.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::{Array4, Axis};
use rayon::prelude::*;

use super::bad::Skipped;
use super::collected::Collected;
use super::conversion::Conversion;
use super::listing::{Entry, Listing};
use super::preprocessing::Preprocessing;
use super::raw::{self, Header};
use super::{OwnSettings, agree, divide};
use crate::{DataError, Split};

/// Reads the images of a listing. Their order is that of the listing, whatever thread decodes them.
pub(super) fn read(listing: Listing, settings: &OwnSettings) -> Result<Collected, DataError> {
    let Listing { root, classes, mut entries, mut bad, ignored } = listing;
    let refused = |reason| DataError::own(&root, reason);
    // What the split needs is known before any file is opened.
    divide::sides(&entries, &classes, settings).map_err(refused)?;

    let found: Vec<Result<Header, String>> = entries
        .par_iter()
        .map(|entry| raw::bytes(&entry.path).and_then(|bytes| raw::header(&bytes)))
        .collect();
    let headers = keep_good(&mut entries, found, &mut bad);
    settings.bad_files.settle(&root, &bad)?;
    let named = entries.iter().map(|entry| entry.name.as_str()).zip(headers);
    let preprocessing = agree::form(named, settings).map_err(refused)?;

    let (mut images, found) = decode(&root, &entries, &preprocessing)?;
    let whole: Vec<usize> = (0..entries.len()).filter(|&at| found[at].is_ok()).collect();
    let done = keep_good(&mut entries, found, &mut bad);
    settings.bad_files.settle(&root, &bad)?;
    if whole.len() < images.dim().0 {
        images = images.select(Axis(0), &whole);
    }

    let mut conversions: BTreeMap<Conversion, usize> = BTreeMap::new();
    for conversion in done.into_iter().flatten() {
        *conversions.entry(conversion).or_default() += 1;
    }
    let labels = entries.iter().map(|entry| entry.label).collect();
    let groups = entries.iter().map(|entry| entry.group).collect();
    Ok(Collected {
        all: Split { images, labels, groups },
        entries,
        classes,
        preprocessing,
        conversions,
        skipped: bad,
        ignored,
        files: BTreeMap::new(),
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

type Decodings = Vec<Result<Vec<Conversion>, String>>;

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
            Ok(decoded.conversions)
        })
        .collect();
    let [channels, height, width] = form.image_shape();
    let images = Array4::from_shape_vec((entries.len(), channels, height, width), pixels)
        .map_err(|_| refused("images and their number disagree"))?;
    Ok((images, found))
}
