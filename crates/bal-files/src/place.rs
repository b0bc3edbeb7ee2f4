//! What a path that is to be written leads to.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where bytes go that are written to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into a regular file, which is there or not: links have been followed.
    File(PathBuf),
    /// Into what is no regular file, as it is: a pipe, a device.
    Stream(PathBuf),
    /// To this process's standard output.
    StandardOutput,
    /// To this process's standard error.
    StandardError,
}

/// Names of what a process has open. They lead to files too, where a shell has sent the output to one; those must not be
/// replaced, but written on.
const OPEN: [&str; 2] = ["/dev/fd", "/proc/self/fd"];

/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;

/// What `path` leads to.
///
/// # Errors
/// [`io::ErrorKind::IsADirectory`], for a folder and a path that ends as one; what the system said.
pub fn place(path: &Path) -> io::Result<Place> {
    let is_folder = || {
        io::Error::new(io::ErrorKind::IsADirectory, format!("{} is a folder; name a file", path.display()))
    };
    if path.as_os_str().is_empty() || path.as_os_str().to_string_lossy().ends_with('/') {
        return Err(is_folder());
    }
    let mut at = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match descriptor(&at).as_deref() {
            Some("1") => return Ok(Place::StandardOutput),
            Some("2") => return Ok(Place::StandardError),
            Some(_) => return Ok(Place::Stream(at)),
            None => {}
        }
        let there = match fs::symlink_metadata(&at) {
            Ok(there) => there,
            // Whether its folder is there is seen when it is written.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::File(at)),
            Err(error) => return Err(error),
        };
        if there.is_symlink() {
            let to = fs::read_link(&at)?;
            at = at.parent().unwrap_or(Path::new("")).join(to);
        } else if there.is_dir() {
            return Err(is_folder());
        } else if there.is_file() {
            return Ok(Place::File(at));
        } else {
            return Ok(Place::Stream(at));
        }
    }
    Err(io::Error::other(format!("{} is a link that leads to itself", path.display())))
}

/// The number of this process's open file that a path names.
fn descriptor(path: &Path) -> Option<String> {
    match path.to_str()? {
        "/dev/stdout" => return Some("1".into()),
        "/dev/stderr" => return Some("2".into()),
        _ => {}
    }
    let number = OPEN.iter().find_map(|folder| path.strip_prefix(folder).ok())?.to_str()?;
    (!number.is_empty() && number.bytes().all(|c| c.is_ascii_digit())).then(|| number.into())
}
