//! Where a restart of an attack ends.

use crate::found::wide;
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
