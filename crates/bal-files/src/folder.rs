//! Folders and what is known of paths without looking at what they lead to.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The folder that a file of this path lies in.
pub(crate) fn of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the folder and those above it that are missing; returns those made here, the innermost first.
///
/// # Errors
/// What the system said, with the path that it said it of; what was made is then removed again.
pub(crate) fn make(folder: &Path) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|above| !above.as_os_str().is_empty() && above.symlink_metadata().is_err())
        .collect();
    let mut made = Vec::new();
    for path in missing.into_iter().rev() {
        match fs::create_dir(path) {
            Ok(()) => made.insert(0, path.to_path_buf()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                remove_empty(&made);
                return Err((path.to_path_buf(), error));
            }
        }
    }
    Ok(made)
}

/// Removes folders that are empty, one after the other.
pub(crate) fn remove_empty(folders: &[PathBuf]) {
    // One that holds something cannot be removed so, nor can those above it.
    let _ = folders.iter().try_for_each(fs::remove_dir);
}

/// Brings the names in a folder to the disk: a new name survives a power failure only then. Systems that cannot lose no
/// more than that.
pub(crate) fn sync(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_and_only_those_made_here_are_removed() {
        let place = tempfile::tempdir().unwrap();
        let inner = place.path().join("a/b/c");
        let made = make(&inner).unwrap();
        assert_eq!(made, [inner.clone(), place.path().join("a/b"), place.path().join("a")]);
        assert_eq!(make(&inner).unwrap(), [] as [PathBuf; 0]);
        fs::write(place.path().join("a/kept"), "").unwrap();
        remove_empty(&made);
        assert!(place.path().join("a/kept").exists() && !place.path().join("a/b").exists());
    }

    #[test]
    fn what_is_below_a_file_cannot_be_made_and_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("file"), "").unwrap();
        let (path, _) = make(&place.path().join("file/run")).unwrap_err();
        assert_eq!(path, place.path().join("file/run"));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
