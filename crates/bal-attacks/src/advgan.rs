//! `AdvGAN`: a network that was trained for it changes the images.

use crate::{
    AttackError, Ball, BallAttack, Changed, Judgement, Norm, SettingError,
    attack_settings::settings,
    end_point::{EndPoint, best_of_restarts},
    logits,
};
use bal_core::{Batch, Classifier, Member, Mode, NoiseStream, Role, Shared};
use std::sync::Arc;
use tch::Tensor;

settings! {
    /// Settings of [`AdvGan`]: none. The generator says all.
    AdvGanSettings {}
}

/// The images of a generator, which was trained before: one forward pass, and no gradient.
///
/// ```text
/// z = clip(x + r G(x), 0, 1),    G(x) in [-1, 1], [n, c, h, w]
/// ```
///
/// `r`: the radius of the ball, which is of L-infinity; it need not be the one that the generator was trained for. The model
/// is not asked, so the images transfer as they are. Of several generators, each makes its images, and an image is that
/// of the first one that fools the model, else the one with the greatest margin.
///
/// Source: Xiao et al., Generating Adversarial Examples with Adversarial Networks, IJCAI 2018. There a penalty and a clamp keep
/// the change small; here it is in the ball by construction.
#[derive(Clone, Debug, Default)]
pub struct AdvGan {
    /// `None` before there is one.
    generators: Option<Arc<Generators>>,
}

#[derive(Debug)]
struct Generators {
    members: Shared<Vec<Member>>,
    input: [i64; 3],
    /// That of the first, if it was trained for one.
    radius: Option<f64>,
}

impl AdvGan {
    /// The attack by these generators.
    ///
    /// # Errors
    /// [`SettingError::MissingGenerator`] without one, [`SettingError::NoGenerator`] for a network that is none, or that is for
    /// other images than the first.
    pub fn by(generators: Vec<Member>) -> Result<Self, SettingError> {
        let first = generators.first().ok_or(SettingError::MissingGenerator)?;
        let input = first.network.input();
        if let Some(other) = generators
            .iter()
            .find(|member| member.network.role() != Role::Generator || member.network.input() != input)
        {
            return Err(SettingError::NoGenerator(other.network.name().into()));
        }
        let radius = first.buffers.tensors().first().map(|radius| radius.double_value(&[0]));
        let radius = radius.filter(|&radius| radius > 0.0);
        let generators = Generators { members: Shared::new(generators), input, radius };
        Ok(Self { generators: Some(Arc::new(generators)) })
    }

    /// The radius that the first generator was trained for, if it was trained for one.
    pub fn radius(&self) -> Option<f64> {
        self.generators.as_ref().and_then(|generators| generators.radius)
    }

    /// The directions of each generator for these images, `[n, c, h, w]` in `[-1, 1]`.
    fn directions(&self, model: &dyn Classifier, batch: &Batch) -> Result<Vec<Tensor>, AttackError> {
        let generators = self.generators.as_ref().ok_or(SettingError::MissingGenerator)?;
        logits::whole(batch)?;
        logits::labels_fit(batch.classes()?, model.classes())?;
        let found = batch.x.size();
        if found[1..] != generators.input {
            return Err(SettingError::GeneratorImages { expected: generators.input, found }.into());
        }
        let _guard = tch::no_grad_guard();
        let direction = |member: &Member| member.forward(&batch.x, Mode::Evaluate).logits.clamp(-1.0, 1.0);
        Ok(generators.members.replica().iter().map(direction).collect())
    }
}

impl BallAttack for AdvGan {
    fn name(&self) -> &'static str {
        "advgan"
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let mut only = self.perturb_all(model, batch, &[ball], noise)?;
        Ok(only.remove(0).x)
    }

    /// One pass of each generator serves all balls.
    fn perturb_all(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        balls: &[Ball],
        _noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        let directions = self.directions(model, batch)?;
        let in_ball = |ball: &Ball| {
            let by = |generator: u64| {
                let stepped = &batch.x + &directions[generator as usize] * ball.radius();
                Ok(ball.project(&batch.x, &stepped).clamp(0.0, 1.0))
            };
            let judge = |x: Tensor| {
                let Judgement { height, wrong, .. } = Judgement::by_margin(model, &x, batch.classes()?)?;
                Ok(EndPoint { point: x, wrong, height })
            };
            Ok(best_of_restarts(directions.len() as u64, by, judge)?.into())
        };
        balls.iter().map(in_ball).collect()
    }

    /// Refuses also to begin without a generator.
    fn knows(&self, norm: Norm) -> Result<(), SettingError> {
        if norm != Norm::LInf {
            return Err(SettingError::OtherNorm { attack: self.name(), known: Norm::LInf, norm });
        }
        self.generators.as_ref().map(drop).ok_or(SettingError::MissingGenerator)
    }
}

#[cfg(test)]
mod tests;
