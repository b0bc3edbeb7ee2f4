//! Fetching a set: sources in order, each file under a temporary name until its size and digest are right.
//!
//! A download that breaks off stays as `<file>.part` and is taken up again where it stopped (HTTP `Range`);
//! a file with wrong content is removed, and so is one that met a full disk, unless an earlier run had begun it. What stands
//! under its final name is right, whenever the process is killed.

mod archives;
mod http;
mod official;
mod verify;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bal_files::{Lock, LockError, News};

use crate::manifest::{Entry, FileEntry, Gzip, Place, Source};
use crate::part::Part;
pub use crate::progress::Progress;
use crate::{DataError, Manifest, Mirror, Set};

/// A set that is complete in its folder.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The set's folder.
    pub folder: PathBuf,
    /// Its files, in the order of [`Set::files`]; of CIFAR the archive that is used.
    pub files: Vec<FetchedFile>,
}

/// One file of a set, and how it came here.
#[derive(Clone, Debug)]
pub struct FetchedFile {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Where it came from.
    pub origin: Origin,
}

/// How a file came into its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was there, and right.
    Present,
    /// From this address or path.
    Source(String),
    /// Prepared from the official archives.
    Prepared,
}

/// Brings all files of `set` into `root/<set>/`, where `root` is the folder `datasets/`.
///
/// Files that are there and right are not fetched again, and wrong ones are replaced once a right copy is complete.
/// Sources are asked in this order: the mirror, those of the manifest; then, for GTSRB, the official archives are
/// fetched and prepared. Of CIFAR one archive is brought, and none if one is there. `progress` hears of each step.
///
/// Errors: [`DataError::NoSource`] with the failure of every source; [`DataError::DiskFull`] or [`DataError::Write`]
/// at once, since another source would not help. While another process fills the same folder, it waits.
pub fn fetch(
    manifest: &Manifest,
    set: Set,
    root: &Path,
    mirror: Option<&Mirror>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Fetched, DataError> {
    let entry = manifest.entry(set)?;
    let folder = root.join(set.name());
    let _lock = lock(&folder, progress)?;
    let sources = sources(entry, mirror);
    if !entry.archives.is_empty() {
        return archives::fetched(entry, &folder, &sources, progress);
    }
    let mut files = Vec::new();
    for file in &entry.files {
        let path = folder.join(&file.name);
        let origin = match bring(file, &folder, &sources, &entry.hint, progress) {
            Ok(origin) => origin,
            Err(error) => match (error, &entry.official) {
                (DataError::NoSource { tried, .. }, Some(official)) => {
                    return official::prepared(entry, official, &folder, mirror, tried, progress);
                }
                (error, _) => return Err(error),
            },
        };
        files.push(FetchedFile { name: file.name.clone(), path, origin });
    }
    Ok(Fetched { folder, files })
}

/// Checks without any network that every file of `set`, of CIFAR one archive, is in `root/<set>/` and right; else the first
/// fault.
pub fn check(manifest: &Manifest, set: Set, root: &Path) -> Result<(), DataError> {
    let folder = root.join(set.name());
    let entry = manifest.entry(set)?;
    if !entry.archives.is_empty() {
        return archives::check(entry, set, &folder);
    }
    for file in &entry.files {
        let path = folder.join(&file.name);
        if !path.exists() {
            return Err(DataError::Missing { file: path, set });
        }
        file.verify(&path, &path, Gzip::Rewritten)?;
    }
    Ok(())
}

/// The places to ask for a set's files: the mirror's folder of the set, then those of the manifest.
fn sources(entry: &Entry, mirror: Option<&Mirror>) -> Vec<Source> {
    let mirrored = mirror.map(|mirror| mirrored(mirror, entry.name));
    mirrored.into_iter().chain(entry.sources.iter().cloned()).collect()
}

/// A mirror's folder of `set`. It may hold files that were prepared or compressed anew.
fn mirrored(mirror: &Mirror, set: Set) -> Source {
    let place = match mirror {
        Mirror::Folder(path) => Place::Folder(path.join(set.name())),
        Mirror::Url(base) => Place::Url(format!("{base}/{set}")),
    };
    Source { place, gzip: Gzip::Rewritten }
}

/// Brings one file, unless it is there.
fn bring(
    file: &FileEntry,
    folder: &Path,
    sources: &[Source],
    hint: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Origin, DataError> {
    let path = folder.join(&file.name);
    if path.exists() {
        match file.verify(&path, &path, Gzip::Rewritten) {
            Ok(()) => {
                progress(Progress::Present { file: &file.name });
                return Ok(Origin::Present);
            }
            Err(error) => progress(Progress::Failed {
                file: &file.name,
                source: &path.to_string_lossy(),
                error: &error,
            }),
        }
    }
    let wanted = Wanted { name: &file.name, at_most: file.at_most(), hint };
    let origin = obtain(&wanted, folder, sources, progress, &|part, gzip| file.verify(part, &path, gzip))?;
    Ok(Origin::Source(origin))
}

/// What [`obtain`] looks for.
struct Wanted<'a> {
    /// File name, below each source and in the folder.
    name: &'a str,
    /// Size at which a transfer is broken off.
    at_most: u64,
    /// Last words of the error.
    hint: &'a str,
}

/// Takes a file from the first source that has it right; returns that source.
fn obtain(
    wanted: &Wanted<'_>,
    folder: &Path,
    sources: &[Source],
    progress: &mut dyn FnMut(Progress<'_>),
    verify: &dyn Fn(&Path, Gzip) -> Result<(), DataError>,
) -> Result<String, DataError> {
    let name = wanted.name;
    let mut part = Part::open(folder, name)?;
    let mut tried = Vec::new();
    for source in sources {
        let place = source.place.of(name);
        progress(Progress::Trying { file: name, source: &place });
        let resumed = !part.is_empty() && matches!(source.place, Place::Url(_));
        let mut outcome = take(source, wanted, &mut part, progress, verify);
        if resumed && part.is_empty() && matches!(&outcome, Err(error) if !error.is_local()) {
            // What an earlier run had left may have been the fault.
            outcome = take(source, wanted, &mut part, progress, verify);
        }
        match outcome {
            Ok(()) => {
                part.commit()?;
                progress(Progress::Stored { file: name, source: &place });
                return Ok(place);
            }
            Err(error) if error.is_local() => return Err(error),
            Err(error) => {
                progress(Progress::Failed { file: name, source: &place, error: &error });
                tried.push((place, error));
            }
        }
    }
    part.keep_what_arrived();
    Err(DataError::NoSource { file: folder.join(name), tried, hint: wanted.hint.to_owned() })
}

/// Fills `part` from one source and verifies it. A part with wrong content is emptied; one that broke off is not.
fn take(
    source: &Source,
    wanted: &Wanted<'_>,
    part: &mut Part,
    progress: &mut dyn FnMut(Progress<'_>),
    verify: &dyn Fn(&Path, Gzip) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut arrived = |done, total| progress(Progress::Bytes { file: wanted.name, done, total });
    match &source.place {
        Place::Url(base) => {
            http::transfer(&format!("{base}/{}", wanted.name), part, wanted.at_most, &mut arrived)?;
        }
        Place::Folder(folder) => part.copy_of(&folder.join(wanted.name), wanted.at_most, &mut arrived)?,
    }
    part.flush()?;
    let verdict = verify(part.path(), source.gzip);
    if verdict.is_err() {
        part.restart()?;
    }
    verdict
}

impl Place {
    /// The address or path of the file `name` there.
    fn of(&self, name: &str) -> String {
        match self {
            Self::Url(base) => format!("{base}/{name}"),
            Self::Folder(folder) => folder.join(name).display().to_string(),
        }
    }
}

/// Keeps other processes from filling the same folder, which is made where it is missing, once none of them does. Ends with the
/// value, also when the process is killed.
fn lock(folder: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Option<Lock>, DataError> {
    let lock = Lock::wait(folder, &mut |news| match news {
        News::Waiting { folder, holder } => progress(Progress::Waiting { folder, holder }),
        News::NoLocks { folder, reason } => progress(Progress::NoLocks { folder, reason }),
    });
    match lock {
        Ok(lock) => Ok(Some(lock)),
        // Where this process may write nothing, it keeps nobody from writing; all may be there.
        Err(LockError::Io { source, .. })
            if matches!(source.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) =>
        {
            Ok(None)
        }
        Err(LockError::Io { path, source }) => Err(DataError::write(&path, source)),
        Err(LockError::Busy { folder, holder }) => {
            let reason = std::io::Error::new(ErrorKind::WouldBlock, format!("in use by {holder}"));
            Err(DataError::write(&folder, reason))
        }
    }
}
