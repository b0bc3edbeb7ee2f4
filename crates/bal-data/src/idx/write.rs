//! Writing IDX: a header that promises, values in pieces, and a check that the promise was kept.

use std::io::{self, Write};

use super::{I32, U8};
use crate::Content;
use crate::digest::Hasher;

/// Writes an IDX file piece by piece into any sink, hashing the unpacked content on the way.
pub(crate) struct Writer<W> {
    sink: W,
    hasher: Hasher,
    /// Bytes of values still to come.
    missing: u64,
}

impl<W: Write> Writer<W> {
    /// Starts a file of unsigned bytes.
    pub(crate) fn u8(sink: W, dims: &[usize]) -> io::Result<Self> {
        Self::new(sink, U8, 1, dims)
    }

    /// Starts a file of big-endian i32.
    pub(crate) fn i32(sink: W, dims: &[usize]) -> io::Result<Self> {
        Self::new(sink, I32, 4, dims)
    }

    fn new(sink: W, code: u8, width: u64, dims: &[usize]) -> io::Result<Self> {
        if !(1..=4).contains(&dims.len()) {
            return Err(invalid(format!("an IDX file has 1 to 4 dimensions, got {dims:?}")));
        }
        let mut header = vec![0, 0, code, dims.len() as u8];
        let mut missing = width;
        for &dim in dims {
            let dim =
                u32::try_from(dim).map_err(|_| invalid(format!("dimension {dim} does not fit 32 bits")))?;
            header.extend(dim.to_be_bytes());
            missing =
                missing.checked_mul(dim.into()).ok_or_else(|| invalid(format!("{dims:?} is too large")))?;
        }
        let mut writer = Self { sink, hasher: Hasher::default(), missing };
        writer.emit(&header)?;
        Ok(writer)
    }

    /// Appends the bytes of values.
    pub(crate) fn push(&mut self, values: &[u8]) -> io::Result<()> {
        self.missing = self
            .missing
            .checked_sub(values.len() as u64)
            .ok_or_else(|| invalid("more values than the dimensions declare".to_owned()))?;
        self.emit(values)
    }

    /// Returns the sink, with size and digest of the unpacked content; an error if values are missing.
    pub(crate) fn finish(self) -> io::Result<(W, Content)> {
        if self.missing > 0 {
            return Err(invalid(format!("{} bytes of values are missing", self.missing)));
        }
        Ok((self.sink, self.hasher.finish()))
    }

    fn emit(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.sink.write_all(bytes)
    }
}

/// Writes `values` of dimensions `dims` as an IDX file of unsigned bytes.
///
/// An error of kind `InvalidInput` if there are not 1 to 4 dimensions or their product is not the number of values.
pub fn write_u8(sink: &mut impl Write, dims: &[usize], values: &[u8]) -> io::Result<()> {
    let mut writer = Writer::u8(sink, dims)?;
    writer.push(values)?;
    writer.finish().map(|_| ())
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
