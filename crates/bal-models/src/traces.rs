//! `traces.safetensors`: what the chains of a run thought of held-out images, sweep by sweep.

use crate::{ModelError, tensor_file::TensorFile};
use std::{collections::BTreeMap, path::Path};
use tch::{Kind, Tensor};

/// Log-probabilities that a run followed.
#[derive(Debug)]
pub struct Traces {
    /// Log-probability of the right class, `[draws, chains, images]`, in double precision, none of them empty.
    pub log_probability: Tensor,
    /// Sweeps before the first draw.
    pub burn_in: u64,
    /// Sweeps from one draw to the next, at least 1: draw i, from 1, was made after sweep `burn_in + i every`.
    pub every: u64,
}

/// The tensor's name.
const NAME: &str = "log_probability";

/// Writes `traces`, with metadata `burn_in` and `every`, whole or not at all.
///
/// # Errors
/// [`ModelError::Io`] when the file cannot be written.
pub fn write_traces(path: &Path, traces: &Traces) -> Result<(), ModelError> {
    let metadata = [("burn_in", traces.burn_in), ("every", traces.every)];
    TensorFile {
        metadata: metadata.map(|(key, sweeps)| (key.to_string(), sweeps.to_string())).into(),
        tensors: BTreeMap::from([(NAME.to_string(), traces.log_probability.shallow_clone())]),
    }
    .write(path)
}

/// Reads what [`write_traces`] wrote. The values themselves may be anything.
///
/// # Errors
/// [`ModelError`] naming the file and the tensor or metadata that is missing, unexpected, or of another shape or type.
pub fn read_traces(path: &Path) -> Result<Traces, ModelError> {
    let mut file = TensorFile::read(path)?;
    let log_probability = file.take(path, NAME, Kind::Double, &[-1, -1, -1])?;
    let problem = |tensor: &str, problem: String| ModelError::Tensor {
        path: path.into(),
        tensor: tensor.into(),
        problem,
    };
    if log_probability.numel() == 0 {
        return Err(problem(NAME, format!("is empty, of shape {:?}", log_probability.size())));
    }
    if let Some(tensor) = file.tensors.keys().next() {
        return Err(problem(tensor, "is no part of a run's traces".into()));
    }
    let sweeps = |key: &'static str, least: u64| {
        let wrong = |problem: String| ModelError::Metadata { path: path.into(), key, problem };
        let text = file.metadata.get(key).ok_or_else(|| wrong("is missing".into()))?;
        let sweeps = text.parse().ok().filter(|&sweeps| sweeps >= least);
        sweeps.ok_or_else(|| wrong(format!("is `{text}`; a number of sweeps from {least} on is wanted")))
    };
    Ok(Traces { log_probability, burn_in: sweeps("burn_in", 0)?, every: sweeps("every", 1)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("traces.safetensors");
        let log_probability = Tensor::arange(24, (Kind::Double, Device::Cpu)).reshape([4, 3, 2]) * -0.1;
        write_traces(&path, &Traces { log_probability: log_probability.copy(), burn_in: 7, every: 5 })
            .unwrap();
        let back = read_traces(&path).unwrap();
        assert_eq!(back.log_probability, log_probability);
        assert_eq!((back.burn_in, back.every), (7, 5));
    }

    #[test]
    fn other_files_are_refused_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("traces.safetensors");
        let cube = |shape: [i64; 3], kind| Tensor::zeros(shape, (kind, Device::Cpu));
        let good = || vec![("log_probability", cube([4, 2, 3], Kind::Double))];
        for (tensors, every, said) in [
            (vec![], "1", "`log_probability` is missing"),
            (vec![("log_probability", cube([4, 2, 3], Kind::Float))], "1", "Double"),
            (vec![("log_probability", cube([0, 2, 3], Kind::Double))], "1", "is empty"),
            (
                [good(), vec![("more", cube([1, 1, 1], Kind::Double))]].into_iter().flatten().collect(),
                "1",
                "more",
            ),
            (good(), "0", "`0`"),
            (good(), "often", "`often`"),
        ] {
            let tensors = tensors.into_iter().map(|(name, tensor)| (name.to_string(), tensor)).collect();
            let metadata = [("burn_in", "0"), ("every", every)].map(|(k, v)| (k.to_string(), v.to_string()));
            TensorFile { metadata: metadata.into(), tensors }.write(&path).unwrap();
            let error = read_traces(&path).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("traces.safetensors"), "{error}");
        }
    }
}
