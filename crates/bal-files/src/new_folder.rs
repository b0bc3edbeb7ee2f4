//! A folder in the making beside its final place.

use crate::{folder, leftovers, unfinished::bare};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::{Builder, TempDir};

/// A folder under a temporary name beside its final place, to be filled before anybody sees it. Dropped before
/// [`NewFolder::finish`], it is removed with all that is in it.
#[derive(Debug)]
pub struct NewFolder {
    folder: TempDir,
    goal: PathBuf,
}

impl NewFolder {
    /// An empty folder that will be `goal`, with the permissions of any new folder. Folders above it are made.
    ///
    /// # Errors
    /// What the system said.
    pub fn beside(goal: &Path) -> io::Result<Self> {
        let above = folder::of(goal);
        fs::create_dir_all(above)?;
        let prefix = leftovers::prefix(goal);
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(leftovers::SUFFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        Ok(Self { folder: builder.tempdir_in(above).map_err(bare)?, goal: goal.to_path_buf() })
    }

    /// Where it lies now.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] where something has the name, or what else the system said; the folder is then
    /// removed.
    pub fn finish(self) -> io::Result<()> {
        // A rename replaces an empty folder without a word, and refuses a full one.
        if self.goal.symlink_metadata().is_ok() {
            let text = format!("{} is there already", self.goal.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        fs::rename(self.folder.path(), &self.goal)?;
        // It has another name now.
        let _ = self.folder.keep();
        folder::sync(folder::of(&self.goal));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn it_appears_when_it_is_full_and_else_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let goal = place.path().join("new");
        let folder = NewFolder::beside(&goal).unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        assert!(!goal.exists());
        folder.finish().unwrap();
        assert_eq!(names(&goal), ["a"]);

        let late = NewFolder::beside(&goal).unwrap();
        fs::write(late.path().join("b"), "").unwrap();
        assert_eq!(late.finish().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(&goal), ["a"]);
        drop(NewFolder::beside(&place.path().join("never")).unwrap());
        assert_eq!(names(place.path()), ["new"]);
    }
}
