//! Where a restart of an attack ends.

use crate::{ModelFault, found::wide};
use tch::Tensor;

/// Where a restart ended, and what the model makes of it.
pub(crate) struct EndPoint {
    /// Images, or what moves their pixels: `[n, .., .., ..]`.
    pub(crate) point: Tensor,
    /// Whether the model is wrong there, `[n]`.
    pub(crate) wrong: Tensor,
    /// [`crate::Judgement::height`]: what is higher where the loss is, `[n]`.
    pub(crate) height: Tensor,
}

/// The best end point of so many restarts, at least 1, image by image; of a single one it is not asked how good it is.
pub(crate) fn best_of_restarts(
    restarts: u64,
    run: impl Fn(u64) -> Result<Tensor, ModelFault>,
    judge: impl Fn(Tensor) -> Result<EndPoint, ModelFault>,
) -> Result<Tensor, ModelFault> {
    let first = run(0)?;
    if restarts == 1 {
        return Ok(first);
    }
    let mut best = judge(first)?;
    for restart in 1..restarts {
        best = best.or_worse_for_the_model(&judge(run(restart)?)?);
    }
    Ok(best.point)
}

impl EndPoint {
    /// Image by image the end point that fools the model, then the one with the higher loss.
    pub(crate) fn or_worse_for_the_model(self, other: &Self) -> Self {
        let newly_wrong = other.wrong.logical_and(&self.wrong.logical_not());
        let as_wrong = other.wrong.eq_tensor(&self.wrong);
        let worse = newly_wrong.logical_or(&as_wrong.logical_and(&other.height.gt_tensor(&self.height)));
        Self {
            point: other.point.where_self(&wide(&worse), &self.point),
            wrong: other.wrong.where_self(&worse, &self.wrong),
            height: other.height.where_self(&worse, &self.height),
        }
    }
}
