//! What a model says to changed images, question by question.

use crate::{ModelFault, still_robust::StillRobust};
use bal_core::Classifier;
use tch::Tensor;

/// Images shown to the model at once: more would only need more memory.
const TOGETHER: i64 = 1024;

/// Asks whether images are wrong, and counts.
pub(super) struct Decisions<'a> {
    model: &'a dyn Classifier,
    robust: &'a StillRobust,
    left: Vec<u64>,
}

impl<'a> Decisions<'a> {
    /// With `queries` for each of the still-robust images.
    pub(super) fn new(model: &'a dyn Classifier, robust: &'a StillRobust, queries: u64) -> Self {
        Self { model, robust, left: vec![queries; robust.len() as usize] }
    }

    /// How many queries a still-robust image has left.
    pub(super) fn left(&self, row: i64) -> u64 {
        self.left[row as usize]
    }

    /// The numbers of still-robust images in their data set.
    pub(super) fn indices(&self, rows: &[i64]) -> Vec<i64> {
        rows.iter().map(|&row| self.robust.indices[row as usize]).collect()
    }

    /// Whether the model gets each of `x`, `[k, c, h, w]`, wrong as an image of row `rows[i]`.
    pub(super) fn ask(&mut self, rows: &[i64], x: &Tensor) -> Result<Vec<bool>, ModelFault> {
        let mut wrong = Vec::with_capacity(rows.len());
        for (part, rows) in rows.chunks(TOGETHER as usize).enumerate() {
            let images = x.narrow(0, part as i64 * TOGETHER, rows.len() as i64);
            let fooled = self.robust.only(rows).fooled(self.model, &images)?;
            wrong.extend(Vec::<bool>::try_from(fooled)?);
        }
        for &row in rows {
            let left = &mut self.left[row as usize];
            *left = left.saturating_sub(1);
        }
        Ok(wrong)
    }

    /// Whether the model gets each of `x`, `[k, c, h, w]`, wrong, all of them changes of one image.
    pub(super) fn ask_of_one(&mut self, row: i64, x: &Tensor) -> Result<Vec<bool>, ModelFault> {
        let label = self.robust.y.narrow(0, row, 1);
        let images = x.size().first().copied().unwrap_or(0);
        let mut wrong = Vec::with_capacity(images as usize);
        for first in (0..images).step_by(TOGETHER as usize) {
            let part = x.narrow(0, first, TOGETHER.min(images - first));
            let classes = crate::predicted_classes(self.model, &part);
            // Every one of them is an image of this row.
            let one = |error| match error {
                ModelFault::NotFinite { what, .. } => {
                    self.robust.by_row(ModelFault::NotFinite { what, row: row as usize })
                }
                other => other,
            };
            wrong.extend(Vec::<bool>::try_from(classes.map_err(one)?.ne_tensor(&label))?);
        }
        let left = &mut self.left[row as usize];
        *left = left.saturating_sub(images as u64);
        Ok(wrong)
    }
}
