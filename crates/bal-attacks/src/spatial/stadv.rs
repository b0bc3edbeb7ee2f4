//! stAdv: seeks the error whose flow has the least total variation.

mod cost_search;

use super::{FlowCost, SpatialAttack, SpatialMeasure, warp::Warped};
use crate::{
    AttackError, ModelFault, SettingError,
    adam::Adam,
    attack_settings::settings,
    margin,
    nearest::Nearest,
    range, step_size,
    still_robust::{Points, StillRobust, on_still_robust_by, per_image, positions},
};
use bal_core::{Batch, Classifier, NoiseStream};
use cost_search::CostSearch;
use tch::{Kind, Tensor};

/// Adam on the margin plus the weighted total variation of a flow; goes to the error of least total variation, has no ball.
///
/// ```text
/// min_f  max(z_y - max_{j != y} z_j, -confidence) + tau TV(f),    x' = warp(x, f)
/// ```
///
/// For each image tau is searched, and the flow of least total variation of all descents that reaches `-confidence`
/// is kept. Each descent begins at the zero flow; TV is smoothed there, [`FlowCost`], and measured without smoothing. `z` is the
/// combined prediction. An image that the model has wrong is left alone. One forward and one backward pass a step.
///
/// Source: Xiao et al., ICLR 2018, equations 2 to 4. They descend once, by L-BFGS with tau = .05, which finds an error for a
/// part of the images only: at the zero flow TV has a kink that holds pixels back, and where tau TV is above the margin an
/// error is no minimum. Adam, the smoothing and the search over tau are ours, the latter after Carlini & Wagner, 2017.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StAdv {
    settings: StAdvSettings,
}

settings! {
    /// Settings of [`StAdv`].
    StAdvSettings {
        /// Gradient steps of one descent, at least 1.
        steps: u64 = 100,
        /// Adam's step size in pixels of displacement, > 0.
        #[serde(deserialize_with = "step_size::number")]
        step_size: f64 = 0.05,
        /// Descents, each with a weight of its own, at least 1.
        search_steps: u64 = 6,
        /// By how much the logit of another class has to lead, finite and at least 0.
        confidence: f64 = 0.0,
        /// The first weight tau of the total variation, > 0.
        initial_weight: f64 = 0.01,
        /// What is added below the roots of the total variation while it is descended, in square pixels, > 0.
        smoothing: f64 = 1e-4,
    }
}

impl StAdv {
    /// The attack with these settings.
    ///
    /// # Errors
    /// [`SettingError::Zero`] for a count of zero, [`SettingError::OutOfRange`] for another setting out of its range.
    pub fn new(settings: StAdvSettings) -> Result<Self, SettingError> {
        range::counts(&[("steps", settings.steps), ("search_steps", settings.search_steps)])?;
        let StAdvSettings { confidence, step_size, initial_weight, smoothing, .. } = settings;
        range::not_negative(&[("confidence", confidence)])?;
        let positive =
            [("step_size", step_size), ("initial_weight", initial_weight), ("smoothing", smoothing)];
        range::positive(&positive)?;
        Ok(Self { settings })
    }

    /// Descends from the zero flow with these weights, `[m]`; says for which something was found.
    fn descend(
        &self,
        model: &dyn Classifier,
        robust: &StillRobust,
        weights: &Tensor,
        nearest: &mut Nearest,
    ) -> Result<Vec<bool>, ModelFault> {
        let StAdvSettings { confidence, steps, step_size, smoothing, .. } = self.settings;
        let cost = FlowCost::TotalVariation { smoothing };
        let mut hit = vec![false; robust.len() as usize];
        let mut flow = nearest.images.zeros_like();
        let mut adam = Adam::new(&flow, step_size);
        for _ in 0..steps {
            let warped = Warped::new(&robust.x, &flow, Tensor::shallow_clone);
            let hinge = |z: &Tensor| (-margin::best_lead(z, &robust.y)).clamp_min(-confidence);
            let at = robust.slope(model, &warped.images(), hinge)?;
            let wrong = at.logits.argmax(-1, false).ne_tensor(&robust.y);
            let reached = wrong.logical_and(&at.value.le(-confidence));
            nearest.offer(&flow, &reached);
            for row in positions(&reached) {
                hit[row as usize] = true;
            }
            let gradient = warped.pull_back(&at.gradient) + cost.gradient(&flow) * per_image(weights);
            flow += adam.step(&gradient);
        }
        Ok(hit)
    }
}

impl SpatialAttack for StAdv {
    fn name(&self) -> &'static str {
        "stadv"
    }

    fn measure(&self) -> SpatialMeasure {
        SpatialMeasure::FlowCost
    }

    fn seeks_nearest(&self) -> bool {
        true
    }

    fn transform(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        _radius: f64,
        _noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        // What a batch has to be is looked at before its shape is asked for.
        crate::logits::whole(batch)?;
        let still = |images: &Tensor| {
            Tensor::zeros(self.measure().shape(&images.size()), (Kind::Float, images.device()))
        };
        let flows = Points {
            still: still(&batch.x),
            images: &|flow| self.measure().render(&batch.x, flow),
            bounded: &Tensor::shallow_clone,
        };
        on_still_robust_by(model, batch, &flows, |robust| {
            let variation = |flow: &Tensor| SpatialMeasure::FlowCost.of_each(flow);
            let mut nearest = Nearest::by(variation, &still(&robust.x));
            let mut search = CostSearch::new(robust.len(), self.settings.initial_weight);
            for _ in 0..self.settings.search_steps {
                let weights = search.weights().to_device(robust.x.device());
                let hit = self.descend(model, robust, &weights, &mut nearest)?;
                search.narrow(&hit);
            }
            Ok(nearest.images)
        })
    }
}

#[cfg(test)]
mod tests;
