//! The same tensors as a `.npz` archive, for users who have numpy and nothing else.
//!
//! `tch` reads such archives too. Hostile files defeat its reader: it panics at a damaged entry, and it unpacks a gigabyte
//! for an array of 16 bytes. It also knows no texts.

use super::{TensorFile, believable, bytes_of, npy::Header, put};
use crate::ModelError;
use safetensors::Dtype;
use std::{
    collections::HashMap,
    io::{Cursor, Read, Write},
    path::Path,
};
use tch::{Kind, Tensor};
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// What numpy appends to the name of each array.
const SUFFIX: &str = ".npy";

/// More arrays than anybody stores in one archive.
const MOST_ARRAYS: usize = 10_000;

/// Deflate makes at most so many bytes of one: an archive that unpacks to more has entries that share their bytes.
const MOST_UNPACKED: usize = 1032;

impl TensorFile {
    /// Writes an archive that `numpy.load` reads: an array per tensor, and each text as one of its strings.
    ///
    /// Not compressed, as by `numpy.savez`. Whole or not at all; the same contents give the same bytes.
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Tensor`] for a tensor of another type than `F32`, `F64` and `I64`;
    /// [`ModelError::Npz`] where a text has the name of a tensor.
    pub fn write_npz(&self, path: &Path) -> Result<(), ModelError> {
        let npz = |reason: String| ModelError::Npz { path: path.into(), reason };
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut add = |name: &str, header: &Header, data: &[u8]| -> Result<(), ModelError> {
            let large = data.len() > 1 << 31;
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Stored)
                .last_modified_time(DateTime::default())
                .large_file(large);
            archive.start_file(format!("{name}{SUFFIX}"), options).map_err(|e| npz(e.to_string()))?;
            let written = archive.write_all(&header.to_bytes()).and_then(|()| archive.write_all(data));
            written.map_err(|e| npz(e.to_string()))
        };
        for (name, tensor) in &self.tensors {
            let problem =
                |problem: String| ModelError::Tensor { path: path.into(), tensor: name.clone(), problem };
            let (dtype, shape, data) = bytes_of(tensor).map_err(problem)?;
            let descr = match dtype {
                Dtype::F64 => "<f8",
                Dtype::I64 => "<i8",
                Dtype::F32 => "<f4",
                other => {
                    return Err(problem(format!("is of type {other:?}; F32, F64 and I64 can be written")));
                }
            };
            add(name, &Header { descr: descr.into(), shape }, &data)?;
        }
        let mut texts: Vec<_> = self.metadata.iter().collect();
        texts.sort();
        for (key, text) in texts {
            if self.tensors.contains_key(key) {
                return Err(npz(format!("a text and a tensor are both called `{key}`")));
            }
            // A string of numpy has four bytes per character, and at least one character.
            let padded = if text.is_empty() { "\0" } else { text };
            let characters: Vec<u8> = padded.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
            let header = Header { descr: format!("<U{}", characters.len() / 4), shape: vec![] };
            add(key, &header, &characters)?;
        }
        let bytes = archive.finish().map_err(|e| npz(e.to_string()))?.into_inner();
        put(path, &bytes)
    }

    /// Reads an archive of numpy's whose arrays are all of type `<f4`, `<f8` or `<i8`, or single strings.
    ///
    /// # Errors
    /// [`ModelError::Io`], [`ModelError::Npz`] for a file of another kind, and [`ModelError::Tensor`] for an
    /// array of another type, or shorter or longer than its header says.
    pub fn read_npz(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.into(), action: "read", source };
        let npz = |reason: String| ModelError::Npz { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(io)?;
        let mut left = bytes.len().saturating_mul(MOST_UNPACKED);
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| npz(e.to_string()))?;
        if archive.len() > MOST_ARRAYS {
            return Err(npz(format!("it has {} entries, more than {MOST_ARRAYS}", archive.len())));
        }
        if archive.has_duplicate_names() {
            return Err(npz("it has two entries of the same name".into()));
        }
        let mut file = Self { metadata: HashMap::new(), tensors: [].into() };
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(|e| npz(e.to_string()))?;
            let name = entry.name().map_err(|e| npz(e.to_string()))?.into_owned();
            let Some(name) = name.strip_suffix(SUFFIX) else {
                return Err(npz(format!("it holds `{name}`, which is no array of numpy")));
            };
            let problem =
                |problem: String| ModelError::Tensor { path: path.into(), tensor: name.into(), problem };
            let mut data = Vec::new();
            let mut entry = entry.take(left as u64 + 1);
            entry.read_to_end(&mut data).map_err(|e| problem(format!("cannot be unpacked: {e}")))?;
            left = left
                .checked_sub(data.len())
                .ok_or_else(|| problem("unpacks to more than its archive can hold".into()))?;
            match array(&data).map_err(problem)? {
                Array::Tensor(tensor) => drop(file.tensors.insert(name.into(), tensor)),
                Array::Text(text) => drop(file.metadata.insert(name.into(), text)),
            }
        }
        Ok(file)
    }
}

enum Array {
    Tensor(Tensor),
    Text(String),
}

fn array(bytes: &[u8]) -> Result<Array, String> {
    let (Header { descr, shape }, data) = Header::split(bytes)?;
    let (kind, width) = match descr.as_str() {
        "<f4" => (Kind::Float, 4),
        "<f8" => (Kind::Double, 8),
        "<i8" => (Kind::Int64, 8),
        text if text.starts_with("<U") && shape.is_empty() => return string(data).map(Array::Text),
        other => {
            return Err(format!(
                "is of type {other} and shape {shape:?}; <f4, <f8, <i8 or one string is wanted"
            ));
        }
    };
    let sizes = believable(&shape).ok_or("has a shape that no tensor has")?;
    let expected = shape.iter().try_fold(width, |bytes: usize, &n| bytes.checked_mul(n));
    if expected != Some(data.len()) {
        return Err(format!("holds {} bytes, which do not make {descr} of shape {shape:?}", data.len()));
    }
    Tensor::f_from_data_size(data, &sizes, kind).map(Array::Tensor).map_err(|e| e.to_string())
}

/// A string of numpy, without the zeros that fill it up.
fn string(data: &[u8]) -> Result<String, String> {
    let (characters, rest) = data.as_chunks::<4>();
    let text = characters.iter().map(|&c| char::from_u32(u32::from_le_bytes(c))).collect::<Option<String>>();
    match text {
        Some(text) if rest.is_empty() => Ok(text.trim_end_matches('\0').into()),
        _ => Err("is no text".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> TensorFile {
        let metadata = [("evaluation", "{\"attack\": \"fgsm\"}"), ("empty", ""), ("umlaut", "ä → 𝛼")];
        let tensors = [
            ("x", Tensor::from_slice(&[1.0f32, -0.0, f32::MIN_POSITIVE, 4.0, 5.0, 6.0]).reshape([1, 2, 3])),
            ("labels", Tensor::from_slice(&[i64::MIN, 7])),
            ("far", Tensor::from_slice(&[0.1f64])),
            ("none", Tensor::zeros([0, 3], (Kind::Float, tch::Device::Cpu))),
        ];
        TensorFile {
            metadata: metadata.map(|(k, v)| (k.into(), v.into())).into(),
            tensors: tensors.map(|(k, v)| (k.into(), v)).into(),
        }
    }

    #[test]
    fn tensors_and_texts_come_back_and_bytes_do_not_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        file().write_npz(&path).unwrap();
        let read = TensorFile::read_npz(&path).unwrap();
        assert_eq!(read.metadata, file().metadata);
        assert_eq!(read.tensors, file().tensors);
        let kinds: Vec<Kind> = read.tensors.values().map(Tensor::kind).collect();
        assert_eq!(kinds, [Kind::Double, Kind::Int64, Kind::Float, Kind::Float]);
        let first = std::fs::read(&path).unwrap();
        for _ in 0..4 {
            file().write_npz(&path).unwrap();
            assert_eq!(first, std::fs::read(&path).unwrap());
        }
    }

    /// Cut anywhere, or with any byte of its beginning changed, it is read or refused, and never a panic.
    #[test]
    fn broken_archives_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        file().write_npz(&path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = TensorFile::read_npz(&path).unwrap_err().to_string();
            assert!(error.contains("a.npz"), "{error}");
        }
        for place in 0..whole.len().min(400) {
            let mut changed = whole.clone();
            changed[place] ^= 0x55;
            std::fs::write(&path, &changed).unwrap();
            if let Err(error) = TensorFile::read_npz(&path) {
                assert!(error.to_string().contains("a.npz"), "{error}");
            }
        }
    }

    /// A kilobyte that would become fifty megabytes: its entries are all the same bytes.
    #[test]
    fn an_archive_that_unpacks_to_more_than_it_can_hold_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let zeros = [&Header { descr: "<f4".into(), shape: vec![1 << 18] }.to_bytes()[..], &vec![0; 1 << 20]]
            .concat();
        let write = |copies: usize| {
            let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
            archive.start_file("x.npy", SimpleFileOptions::default()).unwrap();
            archive.write_all(&zeros).unwrap();
            (0..copies).for_each(|at| archive.shallow_copy_file("x.npy", &format!("x{at}.npy")).unwrap());
            std::fs::write(&path, archive.finish().unwrap().into_inner()).unwrap();
            TensorFile::read_npz(&path)
        };
        assert_eq!(write(0).unwrap().tensors["x"].size(), [1 << 18]);
        let error = write(50).unwrap_err().to_string();
        assert!(error.contains("a.npz") && error.contains("more than its archive can hold"), "{error}");
    }

    #[test]
    fn an_array_that_is_there_twice_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let names = ["xa", "xb"].map(|name| (name.to_string(), Tensor::from_slice(&[1.0f32])));
        TensorFile { metadata: HashMap::new(), tensors: names.into() }.write_npz(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        while let Some(at) = bytes.windows(6).position(|window| window == b"xb.npy") {
            bytes[at..at + 6].copy_from_slice(b"xa.npy");
        }
        std::fs::write(&path, &bytes).unwrap();
        let error = TensorFile::read_npz(&path).unwrap_err().to_string();
        assert!(error.contains("a.npz") && error.contains("two entries of the same name"), "{error}");
    }

    #[test]
    fn an_array_of_another_length_or_type_is_refused() {
        let header = |descr: &str, shape: &[usize]| Header { descr: descr.into(), shape: shape.to_vec() };
        for (header, data, said) in [
            (header("<f4", &[2]), &[0u8; 4][..], "4 bytes"),
            (header("<f4", &[usize::MAX, 8]), &[0; 4], "no tensor has"),
            (header("|u1", &[4]), &[0; 4], "|u1"),
            (header("<U1", &[1]), &[65, 0, 0, 0], "<U1"),
            (header("<U1", &[]), &[0, 0, 0, 255], "no text"),
        ] {
            let bytes = [&header.to_bytes(), data].concat();
            let Err(error) = array(&bytes) else { panic!("{said}") };
            assert!(error.contains(said), "{error}");
        }
    }
}
