//! Writing a file whole or not at all, or on to what is no file.

use crate::{Place, Unfinished, folder, place, unfinished::bare};
use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write},
    path::Path,
};

/// Puts `bytes` where `path` leads.
///
/// **A regular file**, or none: they go to a temporary name in the same folder, are brought to the disk, and renamed. A reader
/// sees the old file or the new one, never a part; after an error the old one is there as it was. A symbolic link stays, and
/// what it leads to is replaced. The new file has the permissions of the old one, else those of any new file. Other names of
/// the old file (hard links) keep its content. A file that may not be written is not replaced, though its folder would allow
/// that.
///
/// **Anything else**, such as a pipe or a device, gets the bytes as they are; `/dev/stdout` and `/dev/stderr` are this
/// process's own, so that they come after what it has printed. A reader who leaves, as `head` does, has seen enough.
///
/// # Errors
/// What the system said; [`ErrorKind::IsADirectory`], [`ErrorKind::PermissionDenied`].
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let streamed = match place(path)? {
        Place::File(path) => {
            not_protected(&path)?;
            let mut file = Unfinished::beside(&path)?;
            file.write_all(bytes)?;
            return file.replace().map(drop);
        }
        Place::StandardOutput => on(&mut io::stdout().lock(), bytes),
        Place::StandardError => on(&mut io::stderr().lock(), bytes),
        Place::Stream(path) => {
            OpenOptions::new().append(true).open(&path).and_then(|mut stream| on(&mut stream, bytes))
        }
    };
    match streamed {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Puts `bytes` into a new file, whole or not at all.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] where the name is taken, even by a link that leads nowhere; what else the system said.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = Unfinished::beside(path)?;
    file.write_all(bytes)?;
    file.create().map(drop)
}

/// Whether [`write()`] would succeed, as far as can be known before the bytes are there: nothing is opened that somebody reads
/// from, and nothing is left.
///
/// # Errors
/// Why it would not, with the path.
pub fn writable(path: &Path) -> io::Result<()> {
    match place(path)? {
        Place::File(file) => {
            not_protected(&file)?;
            let folder = folder::of(&file);
            tempfile::tempfile_in(folder).map(drop).map_err(|error| {
                let reason = bare(error);
                io::Error::new(reason.kind(), format!("cannot write to {}: {reason}", folder.display()))
            })
        }
        Place::Stream(stream) => may_be_written(&stream),
        Place::StandardOutput | Place::StandardError => Ok(()),
    }
}

fn on(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

/// Refuses a regular file that is marked as read-only, or that this user may not write.
fn not_protected(path: &Path) -> io::Result<()> {
    let Ok(there) = fs::metadata(path) else { return Ok(()) };
    if there.permissions().readonly() {
        let text = format!("{} is read-only; allow writing, or name another file", path.display());
        return Err(io::Error::new(ErrorKind::PermissionDenied, text));
    }
    may_be_written(path)
}

#[cfg(unix)]
fn may_be_written(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    if fs::metadata(path).is_ok_and(|there| there.file_type().is_socket()) {
        let text = format!("{} is a socket, which cannot be written as a file", path.display());
        return Err(io::Error::new(ErrorKind::Unsupported, text));
    }
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).map_err(|errno| {
        let reason = io::Error::from(errno);
        io::Error::new(reason.kind(), format!("cannot write to {}: {reason}", path.display()))
    })
}

#[cfg(not(unix))]
fn may_be_written(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
