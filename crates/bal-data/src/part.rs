//! A file in the making that knows how long it is, and may be taken up where an earlier run left it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use bal_files::Unfinished;

use crate::DataError;

/// How often the arrival of bytes is told.
const TELL_EVERY: u64 = 256 * 1024;

/// An unfinished file. Dropping it removes it from disk, unless [`Part::keep_what_arrived`] was called, or an earlier run had
/// left some of it that was not given up since.
pub(crate) struct Part {
    file: Unfinished,
    len: u64,
}

impl Part {
    /// Opens the unfinished file of an earlier run, `<name>.part`, or starts an empty one; for who works alone in the folder.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Self, DataError> {
        let path = folder.join(format!("{name}.part"));
        let failed = |e| DataError::write(&path, e);
        let mut file = Unfinished::resumed(&path, &folder.join(name)).map_err(failed)?;
        let len = file.file().seek(SeekFrom::End(0)).map_err(failed)?;
        // What was not made here is not removed for a fault met here.
        file.set_kept(len > 0);
        Ok(Self { file, len })
    }

    /// Opens an empty file, whatever an earlier run has left.
    pub(crate) fn empty(folder: &Path, name: &str) -> Result<Self, DataError> {
        let goal = folder.join(name);
        let file = Unfinished::beside(&goal).map_err(|e| DataError::write(&goal, e))?;
        Ok(Self { file, len: 0 })
    }

    /// Where the unfinished file is.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets all bytes.
    pub(crate) fn restart(&mut self) -> Result<(), DataError> {
        if self.len > 0 {
            let file = self.file.file();
            let emptied = file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0)));
            emptied.map_err(|e| DataError::write(self.path(), e))?;
            self.file.set_kept(false);
            self.len = 0;
        }
        Ok(())
    }

    /// Replaces the content by that of the file at `from`.
    pub(crate) fn copy_of(
        &mut self,
        from: &Path,
        at_most: u64,
        arrived: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<(), DataError> {
        self.restart()?;
        let failed = |e| DataError::read(from, e);
        let mut source = File::open(from).map_err(failed)?;
        let total = source.metadata().map_err(failed)?.len();
        if total > at_most {
            return Err(DataError::TooLong { file: from.to_owned(), at_most, found: total });
        }
        // The file may grow while it is read: one byte more than allowed is enough to fail its check.
        let copied = self.append(&mut (&mut source).take(at_most.saturating_add(1)), &mut |done| {
            arrived(done, Some(total));
        })?;
        if let Err(error) = copied {
            self.restart()?;
            return Err(failed(error));
        }
        Ok(())
    }

    /// Appends all of `source`. The outer error is one of writing, the inner one of reading; what had arrived stays.
    pub(crate) fn append(
        &mut self,
        source: &mut dyn Read,
        arrived: &mut dyn FnMut(u64),
    ) -> Result<io::Result<()>, DataError> {
        let mut chunk = vec![0; 64 * 1024];
        let mut told = self.len;
        loop {
            let count = match source.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Err(error)),
            };
            self.write_all(&chunk[..count]).map_err(|e| DataError::write(self.path(), e))?;
            if self.len - told >= TELL_EVERY {
                told = self.len;
                arrived(told);
            }
        }
        arrived(self.len);
        Ok(Ok(()))
    }

    /// Hands all bytes to the operating system and the disk.
    pub(crate) fn flush(&mut self) -> Result<(), DataError> {
        self.file.sync().map_err(|e| DataError::write(self.path(), e))
    }

    /// Gives the file its final name, in place of what had it.
    pub(crate) fn commit(self) -> Result<(), DataError> {
        let path = self.path().to_path_buf();
        self.file.replace().map(drop).map_err(|e| DataError::write(&path, e))
    }

    /// Leaves what has arrived on disk for a later run; an empty file goes.
    pub(crate) fn keep_what_arrived(mut self) {
        self.file.set_kept(self.len > 0);
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.len += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
