//! The draws that the chains' agreement was measured on, kept beside the posterior.

use anyhow::{Context, Result};
use bal_core::Mixing;
use bal_models::TensorFile;
use std::{collections::HashMap, path::Path};
use tch::{Kind, Tensor};

/// The tensor's name: log-probabilities of the right class of held-out images.
const NAME: &str = "held_out_log_probability";

/// Writes them as `[images, chains, draws]`.
pub(crate) fn write(path: &Path, mixing: &Mixing) -> Result<()> {
    let all: Vec<f64> = mixing.traces.iter().flatten().flatten().copied().collect();
    let size = [mixing.traces.len(), mixing.chains, mixing.draws].map(|n| n as i64);
    let tensor = Tensor::f_from_slice(&all)?.f_reshape(size)?;
    Ok(TensorFile { metadata: HashMap::new(), tensors: [(NAME.into(), tensor)].into() }.write(path)?)
}

/// Reads them: `[image][chain][draw]`.
pub(crate) fn read(path: &Path) -> Result<Vec<Vec<Vec<f64>>>> {
    let mut file = TensorFile::read(path)?;
    let tensor = file.take(path, NAME, Kind::Double, &[-1, -1, -1])?;
    let context = || format!("{}: tensor `{NAME}` has an odd shape", path.display());
    let [images, chains, draws] = <[i64; 3]>::try_from(tensor.size()).ok().with_context(context)?;
    let all = Vec::<f64>::try_from(tensor.f_reshape([-1])?)?;
    let chain = |image: i64, chain: i64| {
        let start = ((image * chains + chain) * draws) as usize;
        all[start..start + draws as usize].to_vec()
    };
    Ok((0..images).map(|i| (0..chains).map(|c| chain(i, c)).collect()).collect())
}
