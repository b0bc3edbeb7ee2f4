//! A file in the making beside its final place.

use crate::{folder, leftovers};
use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    path::{Path, PathBuf},
};
use tempfile::{Builder, NamedTempFile, TempPath};

/// A file under a temporary name in the folder of its final name, which it gets by [`Unfinished::replace`] or
/// [`Unfinished::create`]. Dropped before that, it is removed.
///
/// A process that is killed leaves it: `.NAME.RANDOM.unfinished`, which nothing reads, and which
/// [`Lock::remove_leftovers`](crate::Lock::remove_leftovers) removes.
#[derive(Debug)]
pub struct Unfinished {
    file: NamedTempFile,
    goal: PathBuf,
}

impl Unfinished {
    /// An empty file that will be `goal`, with the permissions of the file that is there, else those of any new file.
    ///
    /// # Errors
    /// What the system said.
    pub fn beside(goal: &Path) -> io::Result<Self> {
        let prefix = leftovers::prefix(goal);
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(leftovers::SUFFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder::of(goal)).map_err(bare)?;
        if let Some(permissions) = permissions(goal) {
            file.as_file().set_permissions(permissions)?;
        }
        Ok(Self { file, goal: goal.to_path_buf() })
    }

    /// The same under a temporary name of the caller's, where it may be found again: what lies there already is kept, and
    /// writing begins at the start of it. Only for who works alone in the folder.
    ///
    /// # Errors
    /// What the system said.
    pub fn resumed(temporary: &Path, goal: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(temporary)?;
        let path = TempPath::try_from_path(temporary)?;
        Ok(Self { file: NamedTempFile::from_parts(file, path), goal: goal.to_path_buf() })
    }

    /// The open file.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Where it lies now.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Brings all bytes to the disk.
    ///
    /// # Errors
    /// What the system said; file systems that cannot are as safe as they make it.
    pub fn sync(&self) -> io::Result<()> {
        match self.file.as_file().sync_all() {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    /// Gives it its name, in place of a file that has it: all bytes are on the disk by then, and the name is afterwards.
    /// Returns the open file, to be written on.
    ///
    /// # Errors
    /// What the system said; what was there is then untouched, and the unfinished file removed.
    pub fn replace(self) -> io::Result<File> {
        self.sync()?;
        let file = self.file.persist(&self.goal).map_err(|error| error.error)?;
        folder::sync(folder::of(&self.goal));
        Ok(file)
    }

    /// Gives it its name, if nothing has it.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], or what else the system said; the unfinished file is then removed.
    pub fn create(self) -> io::Result<File> {
        self.sync()?;
        let file = self.file.persist_noclobber(&self.goal).map_err(|error| error.error)?;
        folder::sync(folder::of(&self.goal));
        Ok(file)
    }

    /// Says whether it stays under its temporary name when it is dropped.
    pub fn set_kept(&mut self, kept: bool) {
        self.file.disable_cleanup(kept);
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file().flush()
    }
}

/// Who may read and write the file that is there.
fn permissions(goal: &Path) -> Option<Permissions> {
    fs::metadata(goal).ok().filter(fs::Metadata::is_file).map(|there| there.permissions())
}

/// The system's error without the path, whose random name tells nobody anything, that `tempfile` adds to the text alone.
pub(crate) fn bare(error: io::Error) -> io::Error {
    let told = error.to_string();
    match told.split_once(" at path ") {
        Some((reason, _)) => io::Error::new(error.kind(), reason.to_owned()),
        None => error,
    }
}
