//! A gzipped tar archive, read from its beginning to its end; nothing is unpacked to disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use tar::EntryType;

use super::forms::Form;
use super::{Batch, whole, wrong};
use crate::{DataError, Set};

/// Most unpacked bytes; right archives have 185 MB.
const MOST_UNPACKED: u64 = 1 << 30;

/// The images of each file of `form` in the archive at `path`, by the file's name.
///
/// Only plain entries with the name of such a file are read. Names and links of other entries are never followed.
pub(super) fn read(path: &Path, form: &Form, set: Set) -> Result<BTreeMap<&'static str, Batch>, DataError> {
    let file = File::open(path).map_err(|error| DataError::read(path, error))?;
    let mut unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, file)).take(MOST_UNPACKED);
    let read = batches(&mut unpacked, path, form, set);
    // The rest is padding, and the checksum of the gzip stream.
    let rest = io::copy(&mut unpacked, &mut io::sink());
    if unpacked.limit() == 0 {
        return Err(wrong(path, format!("it unpacks to more than {MOST_UNPACKED} bytes")));
    }
    let batches = read?;
    rest.map_err(|error| damaged(path, &error))?;
    Ok(batches)
}

fn batches(
    unpacked: &mut impl Read,
    path: &Path,
    form: &Form,
    set: Set,
) -> Result<BTreeMap<&'static str, Batch>, DataError> {
    let mut batches = BTreeMap::new();
    let mut archive = tar::Archive::new(unpacked);
    // Raw: extensions for long names, which no file here has, would be read into memory.
    for entry in archive.entries().map_err(|error| damaged(path, &error))?.raw(true) {
        let entry = entry.map_err(|error| damaged(path, &error))?;
        let name = entry.path_bytes().into_owned();
        let in_folder = std::str::from_utf8(&name).ok().and_then(|name| {
            let name = name.strip_prefix("./").unwrap_or(name);
            name.strip_prefix(form.folder)?.strip_prefix('/')
        });
        let plain = matches!(entry.header().entry_type(), EntryType::Regular);
        let Some(name) = in_folder.and_then(|name| form.file(name)).filter(|_| plain) else { continue };
        let place = path.join(form.folder).join(name);
        let (size, bytes) = (entry.size(), whole(entry, &place)?);
        if (bytes.len() as u64) < size {
            let (offset, expected) = (bytes.len() as u64, size);
            return Err(DataError::Truncated { file: place, offset, expected });
        }
        if batches.insert(name, (form.parse)(&bytes, set, &place)?).is_some() {
            return Err(wrong(&place, "the archive has it twice"));
        }
    }
    Ok(batches)
}

fn damaged(path: &Path, error: &io::Error) -> DataError {
    wrong(path, format!("it is no sound .tar.gz archive: {error}; download it again"))
}
