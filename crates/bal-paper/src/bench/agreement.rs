//! Whether two implementations have the same gradients.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use safetensors::SafeTensors;

/// The largest difference, in units of the tensor's largest value.
pub(super) const TOLERANCE: f64 = 1e-4;

/// The largest relative difference between two files of tensors of 32-bit floats.
///
/// Fails where they hold different tensors, or one differs by more than [`TOLERANCE`].
pub(super) fn check(ours: &Path, theirs: &Path) -> Result<f64> {
    let bytes = (read(ours)?, read(theirs)?);
    let ours = SafeTensors::deserialize(&bytes.0).with_context(|| format!("{} is broken", ours.display()))?;
    let theirs =
        SafeTensors::deserialize(&bytes.1).with_context(|| format!("{} is broken", theirs.display()))?;
    ensure!(ours.len() == theirs.len(), "one side has {} gradients, the other {}", ours.len(), theirs.len());
    let mut worst = 0.0_f64;
    for (name, ours) in ours.tensors() {
        let theirs =
            theirs.tensor(&name).with_context(|| format!("the other side has no gradient {name}"))?;
        ensure!(
            ours.shape() == theirs.shape(),
            "gradient {name} has shape {:?} and {:?}",
            ours.shape(),
            theirs.shape()
        );
        let (ours, theirs) = (floats(ours.data()), floats(theirs.data()));
        let scale = ours.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
        let difference =
            ours.iter().zip(&theirs).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs())) / scale;
        ensure!(
            difference <= TOLERANCE,
            "gradient {name} differs by {difference:.1e} of its largest value; at most {TOLERANCE:.0e} is rounding"
        );
        worst = worst.max(difference);
    }
    Ok(worst)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn floats(bytes: &[u8]) -> Vec<f64> {
    bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect()
}

#[cfg(test)]
mod tests {
    use safetensors::tensor::{Dtype, TensorView};

    use super::*;

    fn file(folder: &Path, name: &str, values: &[f32]) -> std::path::PathBuf {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F32, vec![values.len()], &bytes).unwrap();
        let path = folder.join(name);
        fs::write(&path, safetensors::serialize([("image", view)], None).unwrap()).unwrap();
        path
    }

    #[test]
    fn rounding_passes_and_more_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let ours = file(folder.path(), "a", &[1.0, -2.0]);
        let close = file(folder.path(), "b", &[1.0001, -2.0]);
        let far = file(folder.path(), "c", &[1.001, -2.0]);
        let difference = check(&ours, &close).unwrap();
        assert!((difference - 5e-5).abs() < 1e-6, "{difference}");
        assert!(check(&ours, &far).unwrap_err().to_string().contains("image differs by"));
    }

    #[test]
    fn other_shapes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, other) = (file(folder.path(), "a", &[1.0, 2.0]), file(folder.path(), "b", &[1.0]));
        assert!(check(&ours, &other).unwrap_err().to_string().contains("shape [2] and [1]"));
    }
}
