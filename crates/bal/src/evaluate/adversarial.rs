//! Attacked images in a file, with all that is needed to look at them again.

use crate::{Refusal, Remedy};
use anyhow::{Context, Result, bail};
use bal_attacks::{AccuracyCurve, Measure};
use bal_models::TensorFile;
use bal_report::{Evaluation, ImageSet, Split};
use serde::{Deserialize, Serialize};
use std::path::Path;
use tch::{Kind, Tensor};

/// Attacked images of one evaluation.
pub(crate) struct Adversarial {
    pub(crate) made: Made,
    /// The attacked images, `[radii, n, c, h, w]`.
    pub(crate) x: Tensor,
    /// What moved their pixels, `[radii, n, ..]`, of an attack that moves them.
    pub(crate) witness: Option<Tensor>,
    /// The images as they were, `[n, c, h, w]`.
    pub(crate) clean: Tensor,
    pub(crate) labels: Vec<i64>,
    /// Their numbers in the data set.
    pub(crate) indices: Vec<i64>,
    /// Per radius, the model's classes for the attacked images.
    pub(crate) predicted: Vec<Vec<i64>>,
    /// Per radius, which of the parts broke each image.
    pub(crate) broken_by: Vec<Vec<Option<usize>>>,
}

/// How they were made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Made {
    pub(crate) attack: String,
    /// The attacks that it is made of.
    pub(crate) parts: Vec<String>,
    /// What radii measure.
    #[serde(rename = "norm")]
    pub(crate) measure: Option<Measure>,
    /// Whether the measure is that of the distance to the nearest error.
    pub(crate) nearest: bool,
    pub(crate) radii: Vec<Option<f64>>,
    pub(crate) settings: serde_json::Value,
    /// How many images were classified together.
    pub(crate) together: usize,
    /// The name of the model.
    pub(crate) model: String,
    pub(crate) dataset: String,
    pub(crate) split: Split,
    /// SHA-256 of the model's files; absent in files of before they were written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weights: Option<Vec<String>>,
    /// Which images these are; absent like the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image_set: Option<ImageSet>,
}

/// The metadata's key.
const KEY: &str = "evaluation";

/// No attack broke the image.
const NONE: i64 = -1;

impl Adversarial {
    /// The images `x` of an evaluation, which were `clean` and have these numbers.
    pub(crate) fn of(
        evaluation: &Evaluation,
        curve: &AccuracyCurve,
        (x, witness, clean): (Tensor, Option<Tensor>, Tensor),
        numbers: &[i64],
        together: usize,
    ) -> Self {
        let made = Made {
            attack: curve.attack.clone(),
            parts: curve.parts.clone(),
            measure: curve.measure,
            nearest: curve.distances.is_some(),
            radii: curve.radii.clone(),
            settings: evaluation.settings.clone(),
            together,
            model: evaluation.model.source.clone(),
            dataset: evaluation.dataset.clone(),
            split: evaluation.split,
            weights: evaluation.model.weights.clone(),
            image_set: evaluation.image_set.clone(),
        };
        Self {
            made,
            x,
            witness,
            clean,
            labels: curve.labels.clone(),
            indices: curve.indices.iter().map(|&place| numbers[place as usize]).collect(),
            predicted: curve.outcomes.iter().map(|outcome| outcome.predicted.clone()).collect(),
            broken_by: curve.outcomes.iter().map(|outcome| outcome.broken_by.clone()).collect(),
        }
    }

    /// Writes the file, whole or not at all: for numpy where its name ends in `.npz`, else in safetensors.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let rows = |rows: &[Vec<i64>]| -> Result<Tensor> {
            Ok(Tensor::f_from_slice(&rows.concat())?.f_reshape([rows.len() as i64, -1])?)
        };
        let place = |part: &Option<usize>| part.map_or(NONE, |part| part as i64);
        let broken_by: Vec<Vec<i64>> =
            self.broken_by.iter().map(|parts| parts.iter().map(place).collect()).collect();
        let tensors = [
            ("x", self.x.shallow_clone()),
            ("clean", self.clean.shallow_clone()),
            ("labels", Tensor::f_from_slice(&self.labels)?),
            ("indices", Tensor::f_from_slice(&self.indices)?),
            ("predicted", rows(&self.predicted)?),
            ("broken_by", rows(&broken_by)?),
        ];
        let witness = self.witness.as_ref().map(|witness| ("witness", witness.shallow_clone()));
        let tensors = tensors.into_iter().chain(witness);
        let tensors = tensors.map(|(name, tensor)| (name.to_string(), tensor)).collect();
        let metadata = [(KEY.to_string(), serde_json::to_string(&self.made)?)].into();
        let file = TensorFile { metadata, tensors };
        Ok(if is_npz(path) { file.write_npz(path) } else { file.write(path) }?)
    }

    /// Reads a file that [`Self::write`] wrote; names it in every error.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut file = if is_npz(path) { TensorFile::read_npz(path) } else { TensorFile::read(path) }?;
        let made = file.metadata.get(KEY);
        let made = made.ok_or_else(|| {
            let fault = format!("{} holds no attacked images: it has no metadata `{KEY}`", path.display());
            Refusal::new(fault, Remedy::SavedImages)
        })?;
        let made: Made = serde_json::from_str(made)
            .with_context(|| format!("{}: metadata `{KEY}` cannot be read", path.display()))?;
        let clean = file.take(path, "clean", Kind::Float, &[-1; 4])?;
        let size = clean.size();
        let (n, columns) = (size[0], made.radii.len() as i64);
        if n == 0 || columns == 0 {
            bail!("{} holds no images", path.display());
        }
        let x = file.take(path, "x", Kind::Float, &[&[columns], &size[..]].concat())?;
        let shape = made.measure.and_then(Measure::spatial).map(|measure| measure.shape(&size));
        let witness = shape.map(|shape| [&[columns], &shape[..]].concat());
        let witness = witness.map(|shape| file.take(path, "witness", Kind::Float, &shape)).transpose()?;
        let mut integers = |name: &str, shape: &[i64]| -> Result<Vec<i64>> {
            Ok(Vec::try_from(file.take(path, name, Kind::Int64, shape)?.f_reshape([-1])?)?)
        };
        let labels = integers("labels", &[n])?;
        let indices = integers("indices", &[n])?;
        let rows = |all: Vec<i64>| all.chunks(n as usize).map(<[i64]>::to_vec).collect::<Vec<_>>();
        let predicted = rows(integers("predicted", &[columns, n])?);
        let broken_by = integers("broken_by", &[columns, n])?;
        if let Some(other) = broken_by.iter().find(|&&part| part < NONE || part >= made.parts.len() as i64) {
            bail!("{}: broken_by holds {other}, but there are {} attacks", path.display(), made.parts.len());
        }
        let part = |place: i64| usize::try_from(place).ok();
        let broken_by = rows(broken_by).into_iter().map(|row| row.into_iter().map(part).collect()).collect();
        ordered(&made.radii).with_context(|| path.display().to_string())?;
        Ok(Self { made, x, witness, clean, labels, indices, predicted, broken_by })
    }
}

/// Whether the file is for numpy.
fn is_npz(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz"))
}

/// Refuses radii that an evaluation cannot have.
fn ordered(radii: &[Option<f64>]) -> Result<()> {
    if radii == [None] {
        return Ok(());
    }
    let known: Vec<f64> = radii.iter().copied().flatten().collect();
    let sound = known.len() == radii.len()
        && known.iter().all(|radius| radius.is_finite() && *radius >= 0.0)
        && known.is_sorted_by(|a, b| a < b);
    if sound { Ok(()) } else { bail!("radii must be finite, at least 0 and ascend; got {radii:?}") }
}
