//! A picture of some attacked images.

use super::adversarial::Adversarial;
use anyhow::{Context, Result};
use bal_attacks::AccuracyCurve;
use bal_page::{Cell, ImageGrid};
use tch::Tensor;

/// Rows of the picture.
const IMAGES: usize = 10;

/// The first ten images that the model has right as they are, clean and at each radius; where it has fewer right, all
/// of those.
pub(crate) fn grid(adversarial: &Adversarial, curve: &AccuracyCurve) -> Result<ImageGrid> {
    let Adversarial { made, x, clean, labels, indices, .. } = adversarial;
    let cell = |image: &Tensor, predicted: i64| -> Result<Cell> {
        Ok(Cell { pixels: Vec::try_from(image.f_contiguous()?.f_reshape([-1])?)?, predicted })
    };
    let right = (0..labels.len()).filter(|&image| curve.clean[image] == labels[image]);
    let rows = right.take(IMAGES).map(|image| {
        let mut cells = vec![cell(&clean.get(image as i64), curve.clean[image])?];
        for (column, outcome) in curve.outcomes.iter().enumerate() {
            cells.push(cell(&x.get(column as i64).get(image as i64), outcome.predicted[image])?);
        }
        Ok((indices[image], labels[image], cells))
    });
    let rows = rows.collect::<Result<Vec<_>>>()?;
    let shape = clean.size()[1..].iter().map(|&n| n as usize).collect::<Vec<_>>();
    let heads =
        made.radii.iter().map(|radius| radius.map_or(made.attack.clone(), |radius| format!("{radius}")));
    Ok(ImageGrid {
        shape: shape.try_into().ok().context("images are not [c, h, w]")?,
        columns: ["clean".to_string()].into_iter().chain(heads).collect(),
        rows,
        notes: vec![
            format!(
                "{}{}, on {}",
                made.attack,
                made.measure
                    .map(|measure| format!(", {measure} radius above the columns"))
                    .unwrap_or_default(),
                made.model
            ),
            "below each image: what the model takes it for".into(),
        ],
    })
}
