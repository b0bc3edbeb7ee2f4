//! The best that an attack has found so far, image by image.

use crate::{Judgement, ModelFault, logits};
use bal_core::{Batch, Classifier, Targets};
use tch::Tensor;

/// What is known of each image of a batch: a point that fools the model, or else the best so far.
///
/// Starts with the images themselves, so one that the model has wrong already is found at once and
/// comes back unchanged. Points are compared by the margin of the combined prediction, which is the
/// same measure for all losses and targets.
#[derive(Debug)]
pub(crate) struct Found {
    x: Tensor,
    margin: Tensor,
    wrong: Vec<bool>,
    /// The prediction on the images as they came, `[n, classes]`.
    pub(crate) clean_logits: Tensor,
}

impl Found {
    /// Looks at the images as they are.
    ///
    /// # Errors
    /// [`ModelFault::Batch`] and [`ModelFault::Label`], and those of a model that cannot be used.
    pub(crate) fn clean(model: &dyn Classifier, batch: &Batch) -> Result<Self, ModelFault> {
        Self::still(model, batch, batch.x.detach())
    }

    /// Looks at the images as they are, of which `points` make nothing else: `[n, .., .., ..]`.
    ///
    /// # Errors
    /// Those of [`Found::clean`].
    pub(crate) fn still(model: &dyn Classifier, batch: &Batch, points: Tensor) -> Result<Self, ModelFault> {
        logits::whole(batch)?;
        let Judgement { margin, wrong, logits, .. } =
            Judgement::by_margin(model, &batch.x, batch.classes()?)?;
        Ok(Self { x: points, margin, wrong: Vec::try_from(wrong)?, clean_logits: logits })
    }

    /// The rows of the images that the model still has right.
    pub(crate) fn robust(&self) -> Vec<i64> {
        (0..).zip(&self.wrong).filter(|(_, wrong)| !**wrong).map(|(row, _)| row).collect()
    }

    /// Takes points for these rows where they fool the model, or come nearer to it than before.
    ///
    /// `x`: the points, `[rows, ..]`, `margin`, `wrong`: `[rows]`. Rows that are found keep what they have.
    pub(crate) fn offer(
        &mut self,
        rows: &[i64],
        x: &Tensor,
        margin: &Tensor,
        wrong: &Tensor,
    ) -> Result<(), ModelFault> {
        let index = Tensor::from_slice(rows).to_device(self.x.device());
        let known = self.margin.f_index_select(0, &index)?;
        let robust: Vec<bool> = rows.iter().map(|&row| !self.wrong[row as usize]).collect();
        let robust = Tensor::from_slice(&robust).to_device(self.x.device());
        let better = margin.f_gt_tensor(&known)?.f_logical_or(wrong)?.f_logical_and(&robust)?;
        let kept = self.x.f_index_select(0, &index)?;
        self.x = self.x.f_index_copy(0, &index, &x.f_where_self(&wide(&better), &kept)?)?;
        self.margin = self.margin.f_index_copy(0, &index, &margin.f_where_self(&better, &known)?)?;
        for (&row, wrong) in rows.iter().zip(Vec::<bool>::try_from(wrong)?) {
            self.wrong[row as usize] |= wrong;
        }
        Ok(())
    }

    /// The points, shaped as those that it began with.
    pub(crate) fn points(&self) -> Tensor {
        self.x.detach()
    }
}

/// `[n]` as `[n, 1, 1, 1]`: a number of each image, for its pixels.
pub(crate) fn wide(values: &Tensor) -> Tensor {
    values.reshape([-1, 1, 1, 1])
}

/// These rows of a batch.
pub(crate) fn select(batch: &Batch, rows: &[i64]) -> Result<Batch, ModelFault> {
    let index = Tensor::from_slice(rows).to_device(batch.x.device());
    Ok(Batch {
        x: batch.x.f_index_select(0, &index)?,
        targets: Targets::Classes(batch.classes()?.f_index_select(0, &index)?),
        indices: rows.iter().map(|&row| batch.indices[row as usize]).collect(),
    })
}

/// Where `wrong`, `[n]`, is set and where it is not; `None` when it is set nowhere.
pub(crate) fn split(wrong: &Tensor) -> Result<Option<[Vec<i64>; 2]>, ModelFault> {
    let flags = Vec::<bool>::try_from(wrong)?;
    let (fooled, kept): (Vec<i64>, Vec<i64>) = (0..flags.len() as i64).partition(|&row| flags[row as usize]);
    Ok(if fooled.is_empty() { None } else { Some([fooled, kept]) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{batch, images, two_class};
    use bal_core::Prediction;

    #[test]
    fn what_fools_is_kept_then_what_is_nearer() {
        let model = two_class(&[[1.0, 0.0]], Prediction::MeanProbability);
        // Logit 1 is the first pixel minus nothing: all are right with label 1, the last is not.
        let batch = batch(&[&[0.5, 0.1], &[0.4, 0.2], &[0.3, 0.3], &[0.2, 0.4]], &[1, 1, 1, 0]);
        let mut found = Found::clean(&model, &batch).unwrap();
        assert_eq!(found.robust(), [0, 1, 2]);
        let offer = |found: &mut Found, first: f64, margin: f64, wrong: bool| {
            let x = images(&[&[first, 9.0], &[first, 9.0]]);
            let margin = Tensor::from_slice(&[margin as f32, -9.0]);
            found.offer(&[0, 2], &x, &margin, &Tensor::from_slice(&[wrong, false])).unwrap();
        };
        let first = |found: &Found| found.points().double_value(&[0, 0, 0, 0]);
        offer(&mut found, 0.6, -0.7, false);
        assert!((first(&found) - 0.5).abs() < 1e-6, "farther from an error");
        offer(&mut found, 0.7, -0.4, false);
        assert!((first(&found) - 0.7).abs() < 1e-6, "nearer to an error");
        offer(&mut found, 0.8, 0.1, true);
        offer(&mut found, 0.9, 0.2, true);
        assert!((first(&found) - 0.8).abs() < 1e-6, "the first error stays");
        assert_eq!(found.robust(), [1, 2]);
        assert_eq!(found.points().narrow(0, 1, 3), batch.x.narrow(0, 1, 3));
    }

    #[test]
    fn rows_are_selected_with_labels_and_numbers() {
        let batch = Batch { indices: vec![5, 7, 9], ..batch(&[&[0.1], &[0.2], &[0.3]], &[0, 1, 1]) };
        let picked = select(&batch, &[2, 0]).unwrap();
        assert_eq!(picked.indices, [9, 5]);
        assert_eq!(Vec::<i64>::try_from(picked.classes().unwrap()).unwrap(), [1, 0]);
        assert_eq!(picked.x, images(&[&[0.3], &[0.1]]));
    }
}
