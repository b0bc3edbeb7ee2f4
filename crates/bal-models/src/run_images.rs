//! `data.safetensors`: which images a run trained on, held out and is tested on, told by their digests.

use crate::{ModelError, tensor_file::TensorFile};
use bal_core::{ImageDigest, Images, part_digest};
use std::{collections::BTreeMap, path::Path};
use tch::{Kind, Tensor};

/// A part of a run's data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its images, in the order in which the run had them.
    pub images: Vec<ImageDigest>,
    /// [`part_digest`] of them, of their labels and of the names of the classes.
    pub digest: String,
}

impl Part {
    /// Of images whose classes are called so, in the order of the labels. Of images with values the bits of these count in place
    /// of labels.
    pub fn of(images: &Images, class_names: &[String]) -> Self {
        let labels = match images.targets().values() {
            None => {
                let mut labels = vec![0_i64; images.labels().numel()];
                images.labels().copy_data(&mut labels, images.labels().numel());
                labels
            }
            Some(values) => {
                let mut found = vec![0_f32; values.numel()];
                values.to_kind(Kind::Float).contiguous().copy_data(&mut found, values.numel());
                found.into_iter().map(|value| i64::from(value.to_bits())).collect()
            }
        };
        let images = images.digests();
        Self { digest: part_digest(&images, &labels, class_names), images }
    }
}

/// The images of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunImages {
    /// Those it was trained on.
    pub train: Part,
    /// Those of the training images that it held out, to choose settings by.
    pub held_out: Part,
    /// Those to test on.
    pub test: Part,
    /// Those that it was not trained on, but the weights were that it started from.
    pub start: Vec<ImageDigest>,
    /// Whether somebody said which images are to test on: whoever published the data, or their owner. Else they were drawn.
    pub given: bool,
}

impl RunImages {
    /// The parts by their names: `train`, `held_out` and `test`.
    pub fn parts(&self) -> [(&'static str, &Part); 3] {
        let [train, held_out, test] = PARTS;
        [(train, &self.train), (held_out, &self.held_out), (test, &self.test)]
    }
}

/// The tensor of [`RunImages::start`].
const START: &str = "start";

const PARTS: [&str; 3] = ["train", "held_out", "test"];

/// The metadata's key of [`RunImages::given`], and its values.
const SPLIT: &str = "split";
const GIVEN: &str = "given";
const DRAWN: &str = "drawn";

/// Bytes of an image's digest.
const LENGTH: i64 = 16;

/// Writes a tensor for each part and for `start`, `[images, 16]` bytes, and metadata: `split`, and the digest of each part
/// by its name.
/// Whole or not at all.
///
/// # Errors
/// [`ModelError::Io`] when the file cannot be written.
pub fn write_run_images(path: &Path, images: &RunImages) -> Result<(), ModelError> {
    let split = if images.given { GIVEN } else { DRAWN };
    let mut file =
        TensorFile { metadata: [(SPLIT.to_string(), split.to_string())].into(), tensors: BTreeMap::new() };
    let rows = |images: &[ImageDigest]| {
        let bytes: Vec<u8> = images.iter().flat_map(|image| image.0).collect();
        Tensor::from_slice(&bytes).reshape([images.len() as i64, LENGTH])
    };
    for (name, Part { images, digest }) in images.parts() {
        file.tensors.insert(name.to_string(), rows(images));
        file.metadata.insert(name.to_string(), digest.clone());
    }
    file.tensors.insert(START.to_string(), rows(&images.start));
    file.write(path)
}

/// Reads what [`write_run_images`] wrote.
///
/// # Errors
/// [`ModelError`] naming the file and the tensor or metadata that is missing, unexpected, or of another shape or type.
pub fn read_run_images(path: &Path) -> Result<RunImages, ModelError> {
    let mut file = TensorFile::read(path)?;
    let wrong = |key: &'static str, problem: String| ModelError::Metadata { path: path.into(), key, problem };
    let mut images = |name: &str| -> Result<Vec<ImageDigest>, ModelError> {
        let rows = file.take(path, name, Kind::Uint8, &[-1, LENGTH])?;
        let mut bytes = vec![0; rows.numel()];
        rows.copy_data_u8(&mut bytes, rows.numel());
        Ok(bytes.as_chunks().0.iter().map(|image| ImageDigest(*image)).collect())
    };
    let [train, held_out, test] = [images(PARTS[0])?, images(PARTS[1])?, images(PARTS[2])?];
    let start = images(START)?;
    let part = |name: &'static str, images: Vec<ImageDigest>| -> Result<Part, ModelError> {
        let digest = file.metadata.get(name).cloned();
        Ok(Part { images, digest: digest.ok_or_else(|| wrong(name, "is missing".into()))? })
    };
    let train = part(PARTS[0], train)?;
    let (held_out, test) = (part(PARTS[1], held_out)?, part(PARTS[2], test)?);
    if let Some(tensor) = file.tensors.keys().next() {
        let problem = "is no part of a run's images".to_string();
        return Err(ModelError::Tensor { path: path.into(), tensor: tensor.clone(), problem });
    }
    let given = match file.metadata.get(SPLIT).map(String::as_str) {
        Some(GIVEN) => true,
        Some(DRAWN) => false,
        other => {
            let found = other.map_or("is missing".into(), |other| format!("is `{other}`"));
            return Err(wrong(SPLIT, format!("{found}; `{GIVEN}` or `{DRAWN}` is wanted")));
        }
    };
    Ok(RunImages { train, held_out, test, start, given })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> RunImages {
        let part = |first: u8, count: u8| {
            let images: Vec<_> = (first..first + count).map(|i| ImageDigest([i; 16])).collect();
            Part { digest: part_digest(&images, &vec![0; images.len()], &[]), images }
        };
        let start = vec![ImageDigest([99; 16])];
        RunImages { train: part(0, 5), held_out: part(0, 0), test: part(9, 2), start, given: true }
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.safetensors");
        for images in [images(), RunImages { given: false, ..images() }, RunImages::default()] {
            write_run_images(&path, &images).unwrap();
            assert_eq!(read_run_images(&path).unwrap(), images);
        }
    }

    #[test]
    fn other_files_are_refused_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.safetensors");
        let rows = |shape: [i64; 2], kind| Tensor::zeros(shape, (kind, tch::Device::Cpu));
        let good = |kind| ["train", "held_out", "start", "test"].map(|name| (name, rows([3, 16], kind)));
        for (tensors, split, said) in [
            (
                good(Kind::Uint8)[..3].iter().map(|(n, t)| (*n, t.copy())).collect(),
                "given",
                "`test` is missing",
            ),
            (good(Kind::Int64).into(), "given", "Uint8"),
            (
                good(Kind::Uint8).into_iter().chain([("more", rows([1, 1], Kind::Uint8))]).collect(),
                "given",
                "more",
            ),
            (
                good(Kind::Uint8).into_iter().chain([("test", rows([3, 32], Kind::Uint8))]).collect(),
                "given",
                "32",
            ),
            (good(Kind::Uint8).into(), "told", "`told`"),
            (good(Kind::Uint8).into(), "", "metadata `test`"),
        ] {
            let tensors: Vec<(&str, Tensor)> = tensors;
            let tensors = tensors.into_iter().map(|(name, tensor)| (name.to_string(), tensor)).collect();
            let digests = if split.is_empty() { &PARTS[..2] } else { &PARTS };
            let metadata = digests.iter().map(|part| (*part, "0")).chain([("split", split)]);
            let metadata = metadata.map(|(key, value)| (key.to_string(), value.to_string())).collect();
            TensorFile { metadata, tensors }.write(&path).unwrap();
            let error = read_run_images(&path).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("data.safetensors"), "{error}");
        }
    }
}
