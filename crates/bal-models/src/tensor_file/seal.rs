//! A file that holds a digest of its own bytes, so that not even one flipped bit is taken for what was written.

use super::{TensorFile, put, read_whole};
use crate::ModelError;
use sha2::{Digest, Sha256};
use std::{fmt::Write, path::Path};

/// The key of the digest among the metadata.
const KEY: &str = "sha256";
/// Hexadecimal digits of a digest.
const DIGITS: usize = 64;

impl TensorFile {
    /// Writes the file with the SHA-256 of all its bytes under the key `sha256` of its metadata. For the digest, its own
    /// digits are taken as zeros. Other readers of safetensors find one more text.
    ///
    /// # Errors
    /// Those of [`TensorFile::write`]; [`ModelError::Metadata`] where the metadata have the key already.
    pub fn write_sealed(&self, path: &Path) -> Result<(), ModelError> {
        put(path, &self.sealed_bytes(path)?)
    }

    /// The bytes that [`TensorFile::write_sealed`] writes to `path`.
    ///
    /// # Errors
    /// Those of [`TensorFile::write_sealed`].
    pub fn sealed_bytes(&self, path: &Path) -> Result<Vec<u8>, ModelError> {
        let problem =
            |problem: &str| ModelError::Metadata { path: path.into(), key: KEY, problem: problem.into() };
        let mut metadata = self.metadata.clone();
        if metadata.insert(KEY.into(), "0".repeat(DIGITS)).is_some() {
            return Err(problem("is where the checksum goes"));
        }
        let mut bytes = self.to_bytes(path, metadata)?;
        let place = place(&bytes).ok_or_else(|| problem("is not in the header"))?;
        let digest = hexadecimal(&Sha256::digest(&bytes));
        bytes[place..place + DIGITS].copy_from_slice(digest.as_bytes());
        Ok(bytes)
    }

    /// Reads what [`TensorFile::write_sealed`] wrote, without the digest.
    ///
    /// # Errors
    /// Those of [`TensorFile::read`]; [`ModelError::Damaged`] where the bytes are not those that were written, and
    /// [`ModelError::Metadata`] for a file without a digest.
    pub fn read_sealed(path: &Path) -> Result<Self, ModelError> {
        Self::of_sealed(path, read_whole(path)?)
    }

    /// What the bytes of the sealed file at `path` hold, however they came here.
    ///
    /// # Errors
    /// Those of [`TensorFile::read_sealed`] for what it holds.
    pub fn of_sealed(path: &Path, mut bytes: Vec<u8>) -> Result<Self, ModelError> {
        let mut file = Self::of(path, &bytes)?;
        let problem =
            |problem: &str| ModelError::Metadata { path: path.into(), key: KEY, problem: problem.into() };
        let written = file.metadata.remove(KEY);
        let written = written
            .ok_or_else(|| problem("is missing: the file was written by an earlier version, or by others"))?;
        let damaged = || ModelError::Damaged { path: path.into() };
        let place = place(&bytes).filter(|_| written.len() == DIGITS).ok_or_else(damaged)?;
        bytes[place..place + DIGITS].fill(b'0');
        if hexadecimal(&Sha256::digest(&bytes)) == written { Ok(file) } else { Err(damaged()) }
    }
}

/// Where the digits of the digest begin. The header is JSON without blanks; inside a text of it a quote has a backslash before
/// it, so that the key is found nowhere else.
fn place(bytes: &[u8]) -> Option<usize> {
    let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let header = bytes.get(8..8usize.checked_add(length)?)?;
    let key = format!("\"{KEY}\":\"");
    let begin = header.windows(key.len()).position(|window| window == key.as_bytes())? + key.len();
    let end = header.get(begin..)?.iter().position(|&byte| byte == b'"')?;
    (end == DIGITS).then_some(8 + begin)
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(DIGITS), |mut text, byte| {
        // A `String` takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tch::Tensor;

    fn file() -> TensorFile {
        let metadata = [("a", "text"), ("z", "a \"quoted\" one: \"sha256\":\"000\"")];
        TensorFile {
            metadata: metadata.map(|(key, text)| (key.into(), text.into())).into(),
            tensors: [("sha256".to_string(), Tensor::from_slice(&[1.5f32, -2.0, 0.0]))].into(),
        }
    }

    #[test]
    fn what_is_sealed_is_read_back_the_same_and_has_the_same_bytes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        file().write_sealed(&path).unwrap();
        let bytes = fs::read(&path).unwrap();
        let back = TensorFile::read_sealed(&path).unwrap();
        assert_eq!((back.metadata.clone(), &back.tensors), (file().metadata, &file().tensors));
        back.write_sealed(&path).unwrap();
        assert!(fs::read(&path).unwrap() == bytes);
        assert_eq!(TensorFile::read(&path).unwrap().metadata["sha256"].len(), 64);
    }

    #[test]
    fn each_single_flipped_bit_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        file().write_sealed(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        for bit in 0..8 * whole.len() {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, bytes).unwrap();
            let error = TensorFile::read_sealed(&path).unwrap_err().to_string();
            assert!(error.contains("a.safetensors"), "{bit}: {error}");
        }
    }

    #[test]
    fn a_file_without_a_checksum_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.safetensors");
        file().write(&path).unwrap();
        let error = TensorFile::read_sealed(&path).unwrap_err().to_string();
        assert!(error.contains("`sha256` is missing") && error.contains("earlier version"), "{error}");
        let mut taken = file();
        taken.metadata.insert("sha256".into(), "mine".into());
        assert!(taken.write_sealed(&path).unwrap_err().to_string().contains("sha256"));
    }
}
