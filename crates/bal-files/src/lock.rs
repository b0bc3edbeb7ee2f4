//! A folder that one process works in at a time.

use crate::{Holder, LockError, folder, leftovers};
use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    thread::sleep,
    time::Duration,
};

/// The name of the file in a folder that is locked; it says who holds the lock.
pub const LOCK_FILE: &str = ".lock";

/// That no other process of this project works in a folder, until it is dropped or the process ends.
///
/// The lock is the operating system's, on the file [`LOCK_FILE`] in the folder: it ends with the process, also with one that
/// is killed, and so never has to be removed by hand. It goes where the folder goes, and a copy of the folder is not locked.
/// It is advisory: it keeps out who asks for it, and nobody else; reading needs none.
///
/// Dropping it removes the file and, where they are empty, the folders that were made for it.
///
/// The file may be removed while another process has it open to wait for it. That process then holds the lock of a file that
/// is in no folder any more; so whoever gets a lock looks whether the file is still in its place, and else begins anew.
#[derive(Debug)]
pub struct Lock {
    folder: PathBuf,
    /// Open, and locked where the file system can.
    file: File,
    /// Folders made for it, the innermost first.
    made: Vec<PathBuf>,
}

/// What there is to tell while a lock is taken.
#[derive(Debug)]
pub enum News<'a> {
    /// Another process works in the folder; its end is waited for.
    Waiting {
        /// The folder.
        folder: &'a Path,
        /// Who works there.
        holder: &'a Holder,
    },
    /// The file system has no locks: the work goes on without.
    NoLocks {
        /// The folder.
        folder: &'a Path,
        /// What the system said.
        reason: &'a io::Error,
    },
}

impl fmt::Display for News<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { folder, holder } => {
                write!(f, "waiting for {holder}, which uses {}", folder.display())
            }
            Self::NoLocks { folder, reason } => write!(
                f,
                "note: {} lies on a file system without locks ({reason}); see to it that no other process works there",
                folder.display()
            ),
        }
    }
}

/// How long until a lock that is waited for is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// How a lock is asked of the system.
type TryLock = fn(&File) -> Result<(), TryLockError>;

enum Attempt {
    Taken(Lock),
    Busy(Holder),
}

impl Lock {
    /// Takes the lock of `folder`, which is made where it is missing, or is refused at once.
    ///
    /// # Errors
    /// [`LockError::Busy`] while another process, or another part of this one, holds it; [`LockError::Io`].
    pub fn take(folder: &Path, news: &mut dyn FnMut(&News<'_>)) -> Result<Self, LockError> {
        match attempt(folder, File::try_lock, news)? {
            Attempt::Taken(lock) => Ok(lock),
            Attempt::Busy(holder) => Err(LockError::Busy { folder: folder.to_path_buf(), holder }),
        }
    }

    /// Takes the lock of `folder`, which is made where it is missing, as soon as nobody else has it. `news` hears for whom
    /// it waits, once for each.
    ///
    /// # Errors
    /// [`LockError::Io`].
    pub fn wait(folder: &Path, news: &mut dyn FnMut(&News<'_>)) -> Result<Self, LockError> {
        let mut told: Option<Holder> = None;
        loop {
            match attempt(folder, File::try_lock, news)? {
                Attempt::Taken(lock) => return Ok(lock),
                Attempt::Busy(holder) => {
                    if told.as_ref().is_none_or(|told| told.process != holder.process) {
                        news(&News::Waiting { folder, holder: &holder });
                        told = Some(holder);
                    }
                    sleep(PAUSE);
                }
            }
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the folder is still where it was. It may have been moved, and another one lie there.
    pub fn is_in_place(&self) -> bool {
        is_at(&self.file, &self.folder.join(LOCK_FILE))
    }

    /// Removes what processes that were killed left unfinished in the folder itself and in `inner`, folders below it: only
    /// whoever holds the lock may, since nobody else can be at work on it.
    pub fn remove_leftovers(&self, inner: &[&Path]) {
        if self.is_in_place() {
            [self.folder.as_path()].iter().chain(inner).for_each(|folder| leftovers::remove(folder));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While the lock is held, so that who opened the file before finds that it is gone.
        if self.is_in_place() {
            let _ = fs::remove_file(self.folder.join(LOCK_FILE));
            folder::remove_empty(&self.made);
        }
    }
}

fn attempt(folder: &Path, try_lock: TryLock, news: &mut dyn FnMut(&News<'_>)) -> Result<Attempt, LockError> {
    let path = folder.join(LOCK_FILE);
    let mut made = Vec::new();
    let mut last = io::ErrorKind::NotFound.into();
    // Whoever gives up a lock may remove the file, and the folder, between any two steps here.
    for _ in 0..1000 {
        match folder::make(folder) {
            Ok(more) => made.extend(more),
            Err((_, error)) if error.kind() == io::ErrorKind::NotFound => {
                last = error;
                continue;
            }
            Err((path, source)) => return Err(LockError::Io { path, source }),
        }
        let mut file =
            match OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    last = error;
                    continue;
                }
                Err(source) => {
                    folder::remove_empty(&made);
                    return Err(LockError::Io { path, source });
                }
            };
        match try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Attempt::Busy(current(&mut file))),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(TryLockError::Error(error)) if is_missing(&error) => {
                news(&News::NoLocks { folder, reason: &error });
            }
            Err(TryLockError::Error(source)) => return Err(LockError::Io { path, source }),
        }
        if is_at(&file, &path) {
            // A full disk keeps nobody from working; the lock then has no name.
            let _ = file.set_len(0).and_then(|()| Holder::this().write(&mut file));
            return Ok(Attempt::Taken(Lock { folder: folder.to_path_buf(), file, made }));
        }
    }
    Err(LockError::Io { path, source: last })
}

/// Who holds the lock of a file that could not be locked, as soon as it says so.
fn current(file: &mut File) -> Holder {
    let mut holder = Holder::read(file);
    for _ in 0..20 {
        if holder.is_current() {
            break;
        }
        sleep(Duration::from_millis(5));
        holder = Holder::read(file);
    }
    // What is there after that may be of another time.
    if holder.is_current() { holder } else { Holder::default() }
}

/// Whether the system says that it has no locks here, as some network disks do.
fn is_missing(error: &io::Error) -> bool {
    #[cfg(unix)]
    let lacks = {
        use rustix::io::Errno;
        let known = [Errno::NOLCK, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP];
        known.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
    };
    #[cfg(not(unix))]
    let lacks = false;
    lacks || error.kind() == io::ErrorKind::Unsupported
}

/// Whether the open file is the one at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

/// Elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests;
