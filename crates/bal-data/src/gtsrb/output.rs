//! A prepared file on its way to disk: gzipped IDX under a temporary name.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::manifest;
use crate::part::Part;
use crate::{Content, DataError, idx};

type Sink = GzEncoder<BufWriter<Part>>;

/// A file whose values are still to be written.
pub(super) struct Output {
    name: &'static str,
    path: PathBuf,
    sink: Sink,
}

/// A file that is complete but for its final name.
pub(super) struct Finished {
    name: &'static str,
    path: PathBuf,
    part: Part,
    unpacked: Content,
}

impl Output {
    pub(super) fn create(folder: &Path, name: &'static str) -> Result<Self, DataError> {
        let part = Part::empty(folder, name)?;
        // The header has neither name nor time, so the same frames give the same bytes.
        let sink = GzEncoder::new(BufWriter::with_capacity(1 << 16, part), Compression::default());
        Ok(Self { name, path: folder.join(name), sink })
    }

    /// Writes u8 values that `fill` hands over piece by piece.
    pub(super) fn u8(
        self,
        dims: &[usize],
        fill: impl FnOnce(&mut Values<'_>) -> Result<(), DataError>,
    ) -> Result<Finished, DataError> {
        let Self { name, path, sink } = self;
        let writer = idx::Writer::u8(sink, dims);
        finish(name, path, writer, fill)
    }

    /// Writes i32 values, given as their big-endian bytes.
    pub(super) fn i32(self, dims: &[usize], values: &[u8]) -> Result<Finished, DataError> {
        let Self { name, path, sink } = self;
        let writer = idx::Writer::i32(sink, dims);
        finish(name, path, writer, |all| all.push(values))
    }
}

/// Takes the values of one file.
pub(super) struct Values<'a> {
    path: &'a Path,
    writer: &'a mut idx::Writer<Sink>,
}

impl Values<'_> {
    /// Appends the bytes of some values.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), DataError> {
        self.writer.push(bytes).map_err(|e| DataError::write(self.path, e))
    }
}

fn finish(
    name: &'static str,
    path: PathBuf,
    writer: io::Result<idx::Writer<Sink>>,
    fill: impl FnOnce(&mut Values<'_>) -> Result<(), DataError>,
) -> Result<Finished, DataError> {
    let failed = |e| DataError::write(&path, e);
    let mut writer = writer.map_err(failed)?;
    fill(&mut Values { path: &path, writer: &mut writer })?;
    let (sink, unpacked) = writer.finish().map_err(failed)?;
    let buffered = sink.finish().map_err(failed)?;
    let part = buffered.into_inner().map_err(|e| failed(e.into_error()))?;
    Ok(Finished { name, path, part, unpacked })
}

impl Finished {
    /// Makes sure that the content is what the manifest states.
    pub(super) fn compare(&self, entry: &manifest::Entry) -> Result<(), DataError> {
        let Some(expected) = entry.file(self.name) else { return Ok(()) };
        if self.unpacked == expected.unpacked {
            return Ok(());
        }
        Err(DataError::WrongContent {
            file: self.path.clone(),
            expected: Box::new(expected.unpacked),
            found: Box::new(self.unpacked),
            unpacked: " in the prepared, unpacked content".to_owned(),
        })
    }

    /// Gives the file its name.
    pub(super) fn commit(self) -> Result<(), DataError> {
        self.part.commit()
    }
}
