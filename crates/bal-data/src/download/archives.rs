//! A set of which one archive is enough (CIFAR).

use std::path::Path;
use std::slice;

use super::{Fetched, FetchedFile, Origin, Wanted, obtain};
use crate::manifest::{ArchiveEntry, Entry, Source};
use crate::progress::Progress;
use crate::{DataError, Set};

/// Brings one archive of the set, unless a right one is there. Each source is asked for all archives before the next one is.
pub(super) fn fetched(
    entry: &Entry,
    folder: &Path,
    sources: &[Source],
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Fetched, DataError> {
    let in_place = |archive: &ArchiveEntry, origin| {
        let file = FetchedFile { name: archive.name.clone(), path: folder.join(&archive.name), origin };
        Fetched { folder: folder.to_owned(), files: vec![file] }
    };
    for archive in &entry.archives {
        let path = folder.join(&archive.name);
        if !path.exists() {
            continue;
        }
        match archive.verify(&path, &path) {
            Ok(()) => {
                progress(Progress::Present { file: &archive.name });
                return Ok(in_place(archive, Origin::Present));
            }
            Err(error) => {
                let source = path.to_string_lossy();
                progress(Progress::Failed { file: &archive.name, source: &source, error: &error });
            }
        }
    }
    let mut failures = Vec::new();
    for source in sources {
        for archive in &entry.archives {
            let wanted = Wanted { name: &archive.name, at_most: archive.content.bytes, hint: &entry.hint };
            let path = folder.join(&archive.name);
            let verify = |part: &Path, _| archive.verify(part, &path);
            match obtain(&wanted, folder, slice::from_ref(source), progress, &verify) {
                Ok(origin) => return Ok(in_place(archive, Origin::Source(origin))),
                Err(DataError::NoSource { tried, .. }) => failures.extend(tried),
                Err(error) => return Err(error),
            }
        }
    }
    let file = entry.archives.first().map(|archive| folder.join(&archive.name)).unwrap_or_default();
    Err(DataError::NoSource { file, tried: failures, hint: entry.hint.clone() })
}

/// Whether a right archive of `set` is in `folder`; else the first fault.
pub(super) fn check(entry: &Entry, set: Set, folder: &Path) -> Result<(), DataError> {
    let mut fault = None;
    for archive in &entry.archives {
        let path = folder.join(&archive.name);
        let verdict = if path.exists() {
            archive.verify(&path, &path)
        } else {
            continue;
        };
        match verdict {
            Ok(()) => return Ok(()),
            Err(error) => fault = fault.or(Some(error)),
        }
    }
    let missing = || {
        let file = entry.archives.first().map(|archive| folder.join(&archive.name)).unwrap_or_default();
        DataError::Missing { file, set }
    };
    Err(fault.unwrap_or_else(missing))
}
