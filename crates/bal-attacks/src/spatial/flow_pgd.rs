//! Projected gradient descent on flows.

use super::{SpatialAttack, SpatialMeasure, warp::Warped};
use crate::{
    AttackError, Judgement, LossName, ModelFault, SettingError, StepSize,
    attack_settings::settings,
    by_name::ByName,
    end_point::{EndPoint, best_of_restarts},
    logits,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
use tch::Tensor;

/// Signed gradient steps on a flow, from random flows; no pixel moves further than the radius along an axis.
///
/// ```text
/// f_0 ~ uniform in [-radius, radius],    f_k+1 = clip(f_k + step_size sign(grad_f l(warp(x, f_k), y)), -radius, radius)
/// ```
///
/// `f`: `[n, 2, h, w]`, in pixels. With `control_points` the flow is interpolated bilinearly between so many points per side,
/// which include the corners of the image: it is smooth then. With several restarts each image keeps the end point that
/// fools the model, and among those the one with the highest loss. Differentiable everywhere but at whole pixels.
/// One forward and one backward pass a step.
///
/// The warp is that of Xiao et al., ICLR 2018; the bound on displacements and the ascent, which is that of PGD, are ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlowPgd {
    settings: FlowPgdSettings,
}

settings! {
    /// Settings of [`FlowPgd`].
    FlowPgdSettings optional (control_points) {
        /// Steps of the attack, at least 1.
        steps: u64 = 40,
        /// Length of a step in pixels of displacement: a number, or `radius/NUMBER`.
        step_size: StepSize = StepSize::RadiusOver(16.0),
        /// Random starts, at least 1.
        restarts: u64 = 1,
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
        /// Loss that the attack raises: `cross-entropy`, `margin`, `dlr` or `confident`.
        #[serde(with = "ByName")]
        loss: LossName = LossName::Margin,
        /// Points per side between which the flow is interpolated, at most the pixels per side; 0 moves every pixel by itself.
        control_points: u64 = 0,
    }
}

impl FlowPgd {
    /// The attack with these settings.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps or restarts, [`SettingError::StepSize`] unless it is finite and positive.
    pub fn new(settings: FlowPgdSettings) -> Result<Self, SettingError> {
        crate::range::counts(&[("steps", settings.steps), ("restarts", settings.restarts)])?;
        Ok(Self { settings: FlowPgdSettings { step_size: settings.step_size.checked()?, ..settings } })
    }

    /// What the flow is made of: `[n, 2, h, w]`, or `[n, 2, g, g]` with control points.
    fn parameters(&self, batch: &Batch, radius: f64, noise: &NoiseStream, restart: u64) -> Tensor {
        let size = batch.x.size();
        let points = self.settings.control_points as i64;
        let (h, w) = if points == 0 { (size[2], size[3]) } else { (points, points) };
        let like = Tensor::zeros([size[0], 2, h, w], (batch.x.kind(), batch.x.device()));
        let mut streams = noise.for_chain(restart).for_images(&batch.indices);
        (streams.uniform_like(&like) * 2.0 - 1.0) * radius
    }

    /// The flow that these parameters make on images of this shape.
    fn flow(&self, parameters: &Tensor, images: &[i64]) -> Tensor {
        if self.settings.control_points == 0 {
            return parameters.shallow_clone();
        }
        parameters.upsample_bilinear2d([images[2], images[3]], true, None, None)
    }

    /// The flow at the end of one restart.
    fn run(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radius: f64,
        noise: &NoiseStream,
        restart: u64,
    ) -> Result<Tensor, ModelFault> {
        let FlowPgdSettings { steps, step_size, loss, ensemble_gradient, .. } = self.settings;
        let (size, step_size) = (batch.x.size(), step_size.at(radius));
        let mut parameters = self.parameters(batch, radius, noise, restart);
        for _ in 0..steps {
            let warped = Warped::new(&batch.x, &parameters, |parameters| self.flow(parameters, &size));
            let rise =
                loss.objective().ascend(model, &warped.images(), batch.classes()?, ensemble_gradient)?.1;
            let stepped = parameters + warped.pull_back(&rise).sign() * step_size;
            parameters = stepped.clamp(-radius, radius);
        }
        Ok(self.flow(&parameters, &size).clamp(-radius, radius))
    }

    fn judge(&self, model: &dyn Classifier, batch: &Batch, flow: Tensor) -> Result<EndPoint, ModelFault> {
        let FlowPgdSettings { loss, ensemble_gradient, .. } = self.settings;
        let x = self.measure().render(&batch.x, &flow);
        let Judgement { height, wrong, .. } =
            loss.objective().judge(model, &x, batch.classes()?, ensemble_gradient)?;
        Ok(EndPoint { point: flow, wrong, height })
    }
}

impl SpatialAttack for FlowPgd {
    fn name(&self) -> &'static str {
        "flow-pgd"
    }

    fn measure(&self) -> SpatialMeasure {
        SpatialMeasure::Flow
    }

    fn transform(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radius: f64,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        logits::whole(batch)?;
        self.suits_images(&batch.x.size()[1..])?;
        let run = |restart| self.run(model, batch, radius, noise, restart);
        Ok(best_of_restarts(self.settings.restarts, run, |flow| self.judge(model, batch, flow))?)
    }

    fn suits_classes(&self, classes: i64) -> Result<(), ModelFault> {
        self.settings.loss.objective().classes_suffice(classes)
    }

    fn suits_images(&self, shape: &[i64]) -> Result<(), SettingError> {
        let points = self.settings.control_points;
        let most = shape[1..].iter().copied().max().unwrap_or(0);
        if points <= most as u64 {
            return Ok(());
        }
        let (setting, range) = ("control_points", "at most the pixels per side of the images");
        Err(SettingError::OutOfRange { setting, range, value: points as f64 })
    }
}

#[cfg(test)]
mod tests;
