//! GTSRB from its official archives, for whom no prepared copy is at hand.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{Fetched, FetchedFile, Origin, Wanted, mirrored, obtain};
use crate::gtsrb::{OfficialZips, prepare};
use crate::manifest::{Archive, Entry, Gzip, Official, Place, Source};
use crate::progress::Progress;
use crate::{DataError, Mirror};

/// Fetches the three archives and prepares all files of the set from them.
///
/// Archives that the user has put into `folder` are used and left. Those fetched here go to `folder/official/`, which
/// is removed when the files are prepared or the archives' content is wrong, and kept for the next run otherwise.
/// `tried` are the sources of prepared files that had failed before, for the error.
pub(super) fn prepared(
    entry: &Entry,
    official: &Official,
    folder: &Path,
    mirror: Option<&Mirror>,
    tried: Vec<(String, DataError)>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Fetched, DataError> {
    let mut sources: Vec<Source> = mirror.map(|mirror| mirrored(mirror, entry.name)).into_iter().collect();
    sources.push(Source { place: Place::Url(official.url.clone()), gzip: Gzip::Rewritten });
    let store = folder.join("official");
    fs::create_dir_all(&store).map_err(|e| DataError::write(&store, e))?;
    let outcome = gather(official, folder, &store, &sources, &entry.hint, progress)
        .map_err(|error| with_earlier(error, tried))
        .and_then(|zips| prepare(&zips, folder, Some(entry), progress));
    let is_of_use = |error: &DataError| error.is_local() || matches!(error, DataError::NoSource { .. });
    if !outcome.as_ref().is_err_and(is_of_use) {
        for archive in [&official.training, &official.test, &official.truth] {
            let path = store.join(&archive.name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(DataError::write(&path, error));
                }
                _ => {}
            }
        }
    }
    // Only an empty folder goes: what has arrived saves the next run a download, and the user may have put something there.
    let _ = fs::remove_dir(&store);
    outcome?;
    let files = entry.files.iter().map(|file| FetchedFile {
        name: file.name.clone(),
        path: folder.join(&file.name),
        origin: Origin::Prepared,
    });
    Ok(Fetched { folder: folder.to_owned(), files: files.collect() })
}

/// Brings the archives that are neither in `folder` nor in `store` to `store`.
fn gather(
    official: &Official,
    folder: &Path,
    store: &Path,
    sources: &[Source],
    hint: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<OfficialZips, DataError> {
    let mut bring = |archive: &Archive| -> Result<PathBuf, DataError> {
        let name = &archive.name;
        for path in [folder.join(name), store.join(name)] {
            if path.exists() {
                progress(Progress::Present { file: name });
                return Ok(path);
            }
        }
        let wanted = Wanted { name, at_most: archive.at_most_bytes, hint };
        // No digest of the archives is published: their frames are checked when they are decoded.
        obtain(&wanted, store, sources, progress, &|_, _| Ok(()))?;
        Ok(store.join(name))
    };
    Ok(OfficialZips {
        training: bring(&official.training)?,
        test: bring(&official.test)?,
        truth: bring(&official.truth)?,
    })
}

/// Puts the failures of the prepared files before those of the archives.
fn with_earlier(error: DataError, mut earlier: Vec<(String, DataError)>) -> DataError {
    match error {
        DataError::NoSource { file, tried, hint } => {
            earlier.extend(tried);
            DataError::NoSource { file, tried: earlier, hint }
        }
        error => error,
    }
}
