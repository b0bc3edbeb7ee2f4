//! Named tensors in a safetensors file, read with distrust and written whole or not at all.

mod npy;
mod npz;
mod seal;

use crate::ModelError;
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
};
use tch::{Kind, Tensor};

/// Metadata and tensors of a safetensors file.
#[derive(Debug)]
pub struct TensorFile {
    /// Texts by their keys.
    pub metadata: HashMap<String, String>,
    /// Tensors by their names; of type `F32`, `F64`, `I64` or `U8`, on the CPU.
    pub tensors: BTreeMap<String, Tensor>,
}

impl TensorFile {
    /// Reads a file whose tensors are all `F32`, `F64`, `I64` or `U8`.
    ///
    /// # Errors
    /// [`ModelError::Io`], [`ModelError::Format`] for a file of another kind or cut short, and
    /// [`ModelError::Tensor`] for a tensor of another type or an impossible shape.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        Self::of(path, &read_whole(path)?)
    }

    /// What the bytes of the file at `path` hold, however they came here.
    ///
    /// # Errors
    /// Those of [`TensorFile::read`] for what it holds.
    pub fn of(path: &Path, bytes: &[u8]) -> Result<Self, ModelError> {
        let format = |e| ModelError::Format { path: path.into(), reason: reason(&e) };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(format)?;
        let file = SafeTensors::deserialize(bytes).map_err(format)?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            let problem =
                |problem: String| ModelError::Tensor { path: path.into(), tensor: name.clone(), problem };
            let kind = match view.dtype() {
                Dtype::F32 => Kind::Float,
                Dtype::F64 => Kind::Double,
                Dtype::I64 => Kind::Int64,
                Dtype::U8 => Kind::Uint8,
                other => return Err(problem(format!("is of type {other:?}; F32 is wanted"))),
            };
            let shape =
                believable(view.shape()).ok_or_else(|| problem("has a shape that no tensor has".into()))?;
            let tensor =
                Tensor::f_from_data_size(view.data(), &shape, kind).map_err(|e| problem(e.to_string()))?;
            tensors.insert(name, tensor);
        }
        Ok(Self { metadata: header.metadata().clone().unwrap_or_default(), tensors })
    }

    /// The tensor of this name, which has to be of this kind and shape; it is taken out. A size of -1 may be any.
    ///
    /// # Errors
    /// [`ModelError::Tensor`], naming `path`, when there is none or another.
    pub fn take(&mut self, path: &Path, name: &str, kind: Kind, shape: &[i64]) -> Result<Tensor, ModelError> {
        let problem =
            |problem: String| ModelError::Tensor { path: path.into(), tensor: name.into(), problem };
        let tensor = self.tensors.remove(name).ok_or_else(|| problem("is missing".into()))?;
        let size = tensor.size();
        let fits =
            size.len() == shape.len() && size.iter().zip(shape).all(|(n, want)| [*n, -1].contains(want));
        if !fits || tensor.kind() != kind {
            let found = tensor.kind();
            return Err(problem(format!(
                "is {found:?} of shape {size:?}; {kind:?} of shape {shape:?} is wanted"
            )));
        }
        Ok(tensor)
    }

    /// Writes the file, whole or not at all: after a failure the old file, or none, is there. The same contents give the same
    /// bytes.
    ///
    /// # Errors
    /// Those of [`TensorFile::read`].
    pub fn write(&self, path: &Path) -> Result<(), ModelError> {
        put(path, &self.bytes(path)?)
    }

    /// The bytes that [`TensorFile::write`] writes to `path`.
    ///
    /// # Errors
    /// [`ModelError::Tensor`] for a tensor of a type that files do not have.
    pub(crate) fn bytes(&self, path: &Path) -> Result<Vec<u8>, ModelError> {
        self.to_bytes(path, self.metadata.clone())
    }

    /// The bytes of the file at `path`, with these metadata.
    fn to_bytes(&self, path: &Path, metadata: HashMap<String, String>) -> Result<Vec<u8>, ModelError> {
        let format = |reason: String| ModelError::Format { path: path.into(), reason };
        let mut data = Vec::new();
        for (name, tensor) in &self.tensors {
            let problem =
                |problem: String| ModelError::Tensor { path: path.into(), tensor: name.clone(), problem };
            data.push((name, bytes_of(tensor).map_err(problem)?));
        }
        let views: Result<Vec<_>, _> = data
            .iter()
            .map(|(name, (dtype, shape, bytes))| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<Result<_, SafeTensorError>>();
        let views = views.map_err(|e| format(e.to_string()))?;
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| format(e.to_string()))?;
        with_sorted_header(&bytes).ok_or_else(|| format("its header cannot be read back".into()))
    }
}

/// Writes a file whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let io = |source| ModelError::Io { path: path.into(), action: "write", source };
    bal_files::write(path, bytes).map_err(io)
}

/// The metadata of a safetensors file, without its tensors.
pub(crate) fn read_header(path: &Path) -> Result<HashMap<String, String>, ModelError> {
    #[derive(serde::Deserialize)]
    struct Header {
        #[serde(default, rename = "__metadata__")]
        metadata: HashMap<String, String>,
    }
    let io = |source| ModelError::Io { path: path.into(), action: "read", source };
    let format = |reason: &str| ModelError::Format { path: path.into(), reason: reason.into() };
    let mut file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => format("it is shorter than the length of its header"),
        _ => io(error),
    })?;
    let length = u64::from_le_bytes(length);
    if length > size.saturating_sub(8) {
        return Err(format("it is cut short within its header"));
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(io)?;
    let header: Header =
        serde_json::from_slice(&header).map_err(|e| format(&format!("its header cannot be read: {e}")))?;
    Ok(header.metadata)
}

/// All bytes of a file that begins as a safetensors file of its size does: the header's length, then
/// an opening brace. Of a large file of another kind, nine bytes are read.
fn read_whole(path: &Path) -> Result<Vec<u8>, ModelError> {
    let io = |source| ModelError::Io { path: path.into(), action: "read", source };
    let mut file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let mut bytes = Vec::new();
    (&file).take(9).read_to_end(&mut bytes).map_err(io)?;
    let header = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    if bytes.last() != Some(&b'{') || header > size.saturating_sub(8) {
        let reason = "it does not begin with a header, or is cut short within it".into();
        return Err(ModelError::Format { path: path.into(), reason });
    }
    file.read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

fn reason(error: &SafeTensorError) -> String {
    match error {
        SafeTensorError::MetadataIncompleteBuffer => {
            "it holds more or fewer bytes than its header says; was it copied whole?".into()
        }
        other => other.to_string(),
    }
}

/// The shape as LibTorch counts, unless its strides would overflow: a dimension of 0 makes the
/// number of bytes right whatever the others are.
fn believable(shape: &[usize]) -> Option<Vec<i64>> {
    const DIMENSIONS: usize = 8;
    shape.iter().try_fold(1i64, |product, &n| product.checked_mul(i64::try_from(n.max(1)).ok()?))?;
    (shape.len() <= DIMENSIONS).then(|| shape.iter().map(|&n| n as i64).collect())
}

fn bytes_of(tensor: &Tensor) -> Result<(Dtype, Vec<usize>, Vec<u8>), String> {
    let (dtype, width) = match tensor.kind() {
        Kind::Float => (Dtype::F32, 4),
        Kind::Double => (Dtype::F64, 8),
        Kind::Int64 => (Dtype::I64, 8),
        Kind::Uint8 => (Dtype::U8, 1),
        // A silent conversion would not come back as it was.
        other => return Err(format!("is of type {other:?}; F32, F64, I64 and U8 can be written")),
    };
    let mut bytes = vec![0u8; tensor.numel() * width];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel()).map_err(|e| format!("cannot be copied: {e}"))?;
    Ok((dtype, tensor.size().iter().map(|&n| n as usize).collect(), bytes))
}

/// The same file with its header's keys in order.
///
/// The library keeps metadata in a hash map, whose order changes from run to run, but the digest of
/// a posterior has to be a function of its weights. Offsets count from the header's end, so the
/// header may change.
fn with_sorted_header(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let header: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(header).ok()?;
    let mut header = serde_json::to_vec(&header).ok()?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Some([&(header.len() as u64).to_le_bytes()[..], &header, data].concat())
}
