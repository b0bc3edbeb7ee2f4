//! Named tensors in a safetensors file, read with distrust and written whole or not at all.

use crate::ModelError;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
    path::Path,
};
use tch::{Kind, Tensor};

/// Metadata and tensors of a file.
pub(crate) struct TensorFile {
    pub(crate) metadata: HashMap<String, String>,
    pub(crate) tensors: BTreeMap<String, Tensor>,
}

impl TensorFile {
    /// Reads a file whose tensors are all `F32`, `F64` or `I64`.
    pub(crate) fn read(path: &Path) -> Result<Self, ModelError> {
        let io = |source| ModelError::Io { path: path.into(), action: "read", source };
        let format = |reason: String| ModelError::Format { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(io)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| format(e.to_string()))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|e| format(e.to_string()))?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            let problem =
                |problem: String| ModelError::Tensor { path: path.into(), tensor: name.clone(), problem };
            let kind = match view.dtype() {
                Dtype::F32 => Kind::Float,
                Dtype::F64 => Kind::Double,
                Dtype::I64 => Kind::Int64,
                other => return Err(problem(format!("is of type {other:?}; F32 is wanted"))),
            };
            let shape: Vec<i64> = view.shape().iter().map(|&n| n as i64).collect();
            let tensor =
                Tensor::f_from_data_size(view.data(), &shape, kind).map_err(|e| problem(e.to_string()))?;
            tensors.insert(name, tensor);
        }
        Ok(Self { metadata: header.metadata().clone().unwrap_or_default(), tensors })
    }

    /// Writes the file under a temporary name beside `path` and renames it: after a failure the old
    /// file, or none, is there. The same contents give the same bytes.
    pub(crate) fn write(&self, path: &Path) -> Result<(), ModelError> {
        let io = |source| ModelError::Io { path: path.into(), action: "write", source };
        let format = |reason: String| ModelError::Format { path: path.into(), reason };
        let mut data = Vec::new();
        for (name, tensor) in &self.tensors {
            data.push((name, bytes_of(tensor).map_err(|e| format(format!("tensor `{name}`: {e}")))?));
        }
        let views: Result<Vec<_>, _> = data
            .iter()
            .map(|(name, (dtype, shape, bytes))| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<Result<_, safetensors::SafeTensorError>>();
        let views = views.map_err(|e| format(e.to_string()))?;
        let bytes =
            safetensors::serialize(views, Some(self.metadata.clone())).map_err(|e| format(e.to_string()))?;
        let bytes =
            with_sorted_header(&bytes).ok_or_else(|| format("its header cannot be read back".into()))?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        file.write_all(&bytes).map_err(io)?;
        file.as_file().sync_all().map_err(io)?;
        file.persist(path).map_err(|e| io(e.error))?;
        Ok(())
    }
}

fn bytes_of(tensor: &Tensor) -> Result<(Dtype, Vec<usize>, Vec<u8>), tch::TchError> {
    let tensor = tensor.detach().to_device(tch::Device::Cpu).contiguous();
    let (dtype, width) = match tensor.kind() {
        Kind::Double => (Dtype::F64, 8),
        Kind::Int64 => (Dtype::I64, 8),
        _ => (Dtype::F32, 4),
    };
    let tensor = if dtype == Dtype::F32 { tensor.to_kind(Kind::Float) } else { tensor };
    let mut bytes = vec![0u8; tensor.numel() * width];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
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
