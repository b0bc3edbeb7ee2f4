//! `DeepFool`: seeks the nearest adversarial image by steps to the nearest linearised boundary.

mod boundaries;

use crate::{
    AttackError, NearestAttack, Norm, SettingError,
    attack_settings::settings,
    margin,
    nearest::Nearest,
    range,
    still_robust::{beside, on_still_robust, positions},
};
use bal_core::{Batch, Classifier, NoiseStream};
use boundaries::Boundaries;
use tch::Tensor;

/// Steps to the nearest boundary of the linearised model until the model errs; seeks a near
/// adversarial image, has no ball.
///
/// ```text
/// f_k    z_k(x_i) - z_y(x_i),    w_k = grad f_k,    for the most likely wrong classes k
/// l      argmin_k |f_k| / ||w_k||_*
/// r      r + |f_l| / ||w_l||_* v,    v the step of norm 1 along which f_l rises fastest
/// x_i+1  clip(x + (1 + overshoot) r, 0, 1)
/// ```
///
/// `||.||_*` is the dual norm: L2 for L2, the sum of absolute values for `LInf`. An image is
/// finished with its first error and then costs nothing. On a linear model whose boundary is not cut
/// off by the box the first step is the shortest there is, times `1 + overshoot`. The next point to be
/// linearised is the one that was checked, as in the authors' code. The box is ours, the paper's images
/// may leave it: they are clipped, and later steps make up for what is cut off. Those are shorter than if
/// pixels at a border were left out of `w_k`, and end nearer on networks, which bend. A step is at least
/// 1e-4 long, since near a boundary that bends away ever shorter ones would lead nowhere; foolbox adds as much
/// to each.
///
/// Images are `[n, c, h, w]` in `[0, 1]`; the model is scored by its combined prediction. A step takes
/// one forward pass and one backward pass per candidate.
///
/// Source: Moosavi-Dezfooli, Fawzi & Frossard, CVPR 2016, algorithm 2 and eq. 11 for other norms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeepFool {
    settings: DeepFoolSettings,
}

settings! {
    /// Settings of [`DeepFool`]; the usual ones are those of the paper and of the authors' code.
    DeepFoolSettings optional (overshoot, candidates) {
        /// Norm of the distance that the attack minimises: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Most steps, at least 1.
        steps: u64 = 50,
        /// How far beyond the boundary an image goes, as a share of the way, finite and at least 0.
        overshoot: f64 = 0.02,
        /// How many of the most likely wrong classes of the clean image are candidates, at least 1: the authors' code looks at
        /// 10 classes, the image's own among them.
        candidates: u64 = 9,
    }
}

impl DeepFool {
    /// `DeepFool` with these settings.
    ///
    /// # Errors
    /// [`SettingError::Zero`] for a count of zero, [`SettingError::OutOfRange`] for another setting out
    /// of its range.
    pub fn new(settings: DeepFoolSettings) -> Result<Self, SettingError> {
        range::counts(&[("steps", settings.steps), ("candidates", settings.candidates)])?;
        range::not_negative(&[("overshoot", settings.overshoot)])?;
        Ok(Self { settings })
    }
}

impl NearestAttack for DeepFool {
    fn name(&self) -> &'static str {
        "deepfool"
    }

    fn norm(&self) -> Norm {
        self.settings.norm
    }

    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        _noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        on_still_robust(model, batch, |all| {
            let mut nearest = Nearest::new(self.settings.norm, &all.x);
            let mut candidates = margin::rivals(&all.logits, &all.y, self.settings.candidates);
            let mut rows: Vec<i64> = (0..all.len()).collect();
            let mut robust = all.only(&rows);
            let mut change = robust.x.zeros_like();
            for _ in 0..self.settings.steps {
                let x = (&robust.x + &change * (1.0 + self.settings.overshoot)).clamp(0.0, 1.0);
                let boundaries = Boundaries::at(model, &robust, &x, &candidates)?;
                // The pass that linearises the model also says whether the last step was enough.
                nearest.offer_rows(&beside(&x, &rows), &x, &boundaries.fooled);
                let going = positions(&boundaries.fooled.logical_not());
                if going.is_empty() {
                    return Ok(nearest.images);
                }
                let index = beside(&x, &going);
                change = (change + boundaries.step(self.settings.norm)?).index_select(0, &index);
                candidates = candidates.index_select(0, &index);
                rows = going.iter().map(|&row| rows[row as usize]).collect();
                robust = robust.only(&going);
            }
            let x = (&robust.x + change * (1.0 + self.settings.overshoot)).clamp(0.0, 1.0);
            nearest.offer_rows(&beside(&x, &rows), &x, &robust.fooled(model, &x)?);
            Ok(nearest.images)
        })
    }
}

#[cfg(test)]
mod tests;
