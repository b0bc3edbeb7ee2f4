//! IDX, the format of MNIST: a typed header, then the values in row-major order, plain or gzipped.
//!
//! ```text
//! 00 00 | type: 08 u8, 0c i32 | number of dimensions d | d x u32 | values          (integers big-endian)
//! ```
//!
//! The reader believes nothing: the header may declare at most [`LIMIT`] bytes, memory grows with the bytes that arrive
//! and never beyond the declared size, and the content must end exactly where the header says.
//! A gzip bomb therefore costs its declared size at most, and a lying header costs nothing.

mod write;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ndarray::{ArrayD, IxDyn};

pub(crate) use write::Writer;
pub use write::write_u8;

use crate::digest::HashingReader;
use crate::{DataError, Digest};

/// Type code of u8 values.
pub(crate) const U8: u8 = 0x08;
/// Type code of big-endian i32 values.
pub(crate) const I32: u8 = 0x0c;
/// The most bytes of values that a file may declare: 2 GiB.
pub const LIMIT: u64 = 2 << 30;

/// How far memory is reserved ahead of the bytes that have arrived.
const STEP: u64 = 1 << 20;

/// The values of a file, and what the file was.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// Values in the file's dimensions.
    pub values: ArrayD<T>,
    /// Digest of the file as it is on disk (of the `.gz`, where it is one).
    pub sha256: Digest,
}

/// Reads unsigned bytes of 1 to 4 dimensions from a plain or gzipped file (told apart by their first bytes).
pub fn read_u8(path: &Path) -> Result<Loaded<u8>, DataError> {
    let (dims, bytes, sha256) = read(path, U8)?;
    Ok(Loaded { values: shaped(path, &dims, bytes)?, sha256 })
}

/// Reads big-endian i32 of 1 to 4 dimensions from a plain or gzipped file.
pub fn read_i32(path: &Path) -> Result<Loaded<i32>, DataError> {
    let (dims, bytes, sha256) = read(path, I32)?;
    let values = bytes.as_chunks::<4>().0.iter().map(|four| i32::from_be_bytes(*four)).collect();
    Ok(Loaded { values: shaped(path, &dims, values)?, sha256 })
}

/// Offset of the first value in a file of `rank` dimensions.
pub(crate) fn header_bytes(rank: usize) -> u64 {
    4 + 4 * rank as u64
}

/// Dimensions, raw values and digest of the file at `path`.
fn read(path: &Path, expected: u8) -> Result<(Vec<u32>, Vec<u8>, Digest), DataError> {
    let file = File::open(path).map_err(|e| DataError::read(path, e))?;
    let mut raw = BufReader::with_capacity(1 << 16, HashingReader::new(file));
    let gzipped = raw.fill_buf().map_err(|e| DataError::read(path, e))?.starts_with(&[0x1f, 0x8b]);
    let (dims, values) = if gzipped {
        parse(&mut MultiGzDecoder::new(&mut raw), path, expected)?
    } else {
        parse(&mut raw, path, expected)?
    };
    Ok((dims, values, raw.into_inner().finish().sha256))
}

/// Reads header and values, and makes sure that nothing follows.
fn parse(reader: &mut impl Read, path: &Path, expected: u8) -> Result<(Vec<u32>, Vec<u8>), DataError> {
    let mut content = Content { reader, path, offset: 0 };
    let magic: [u8; 4] = content.array(4)?;
    let [0, 0, found @ (U8 | I32), rank @ 1..=4] = magic else {
        return Err(DataError::IdxMagic { file: path.to_owned(), found: magic });
    };
    if found != expected {
        return Err(DataError::IdxType { file: path.to_owned(), expected, found });
    }
    let header = header_bytes(rank.into());
    let mut dims = Vec::new();
    for _ in 0..rank {
        dims.push(u32::from_be_bytes(content.array(header)?));
    }
    let width = if found == I32 { 4 } else { 1 };
    let declared = dims
        .iter()
        .try_fold(width, |product: u64, &dim| product.checked_mul(dim.into()))
        .filter(|&bytes| bytes <= LIMIT)
        .ok_or_else(|| DataError::IdxTooLarge {
            file: path.to_owned(),
            offset: 4,
            dims: dims.clone(),
            limit: LIMIT,
        })?;
    let values = content.values(declared)?;
    content.end()?;
    Ok((dims, values))
}

/// The unpacked content, with the place where reading is.
struct Content<'a, R> {
    reader: &'a mut R,
    path: &'a Path,
    offset: u64,
}

impl<R: Read> Content<'_, R> {
    /// The next four bytes; `end` is where the content should end at the earliest.
    fn array(&mut self, end: u64) -> Result<[u8; 4], DataError> {
        let mut four = [0; 4];
        let mut filled = 0;
        while filled < four.len() {
            match self.some(&mut four[filled..])? {
                0 => return Err(self.truncated(end)),
                count => filled += count,
            }
        }
        Ok(four)
    }

    /// The next `declared` bytes.
    fn values(&mut self, declared: u64) -> Result<Vec<u8>, DataError> {
        let end = self.offset + declared;
        let mut values = Vec::new();
        while (values.len() as u64) < declared {
            let filled = values.len();
            let step = (declared - filled as u64).min(STEP.max(filled as u64));
            values.reserve_exact(step as usize);
            let goal = filled + step as usize;
            values.resize(goal, 0);
            let mut at = filled;
            while at < goal {
                match self.some(&mut values[at..goal])? {
                    0 => return Err(self.truncated(end)),
                    count => at += count,
                }
            }
        }
        Ok(values)
    }

    /// Makes sure that the content ends here (which also makes the gzip decoder check its checksum).
    fn end(&mut self) -> Result<(), DataError> {
        let offset = self.offset;
        match self.some(&mut [0])? {
            0 => Ok(()),
            _ => Err(DataError::Trailing { file: self.path.to_owned(), offset }),
        }
    }

    /// Some bytes, none at the end.
    fn some(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        loop {
            match self.reader.read(buffer) {
                Ok(count) => {
                    self.offset += count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// An error of the system has a number, one of the gzip decoder has none.
    fn failed(&self, source: io::Error) -> DataError {
        let file = self.path.to_owned();
        if source.raw_os_error().is_some() {
            DataError::Read { file, source }
        } else {
            DataError::Gzip { file, offset: self.offset, source }
        }
    }

    fn truncated(&self, expected: u64) -> DataError {
        DataError::Truncated { file: self.path.to_owned(), offset: self.offset, expected }
    }
}

fn shaped<T>(path: &Path, dims: &[u32], values: Vec<T>) -> Result<ArrayD<T>, DataError> {
    let dims: Vec<usize> = dims.iter().map(|&dim| dim as usize).collect();
    // The number of values is the product of the dimensions; ndarray also refuses products of the
    // non-zero dimensions beyond isize, which a zero among them can hide from the product above.
    ArrayD::from_shape_vec(IxDyn(&dims), values).map_err(|_| DataError::Shape {
        file: path.to_owned(),
        expected: "dimensions with a sane product".to_owned(),
        found: dims,
    })
}

#[cfg(test)]
mod tests;
