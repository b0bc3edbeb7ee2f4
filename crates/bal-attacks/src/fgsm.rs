//! The fast gradient sign method.

use crate::{Attack, AttackError, AttackSettings, Ball, Objective, logits};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
use tch::Tensor;

/// One step to the rim of the ball; stays in it.
///
/// ```text
/// x' = clip(x + radius steepest(grad l(x, y)), 0, 1)
/// ```
///
/// With the L-infinity norm `steepest` is the sign. Optimal where the loss is linear in the ball, and
/// little more than a lower bound on the damage elsewhere.
///
/// Source: Goodfellow, Shlens & Szegedy, ICLR 2015, section 4; clipped as images are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fgsm {
    ball: Ball,
    ensemble_gradient: EnsembleGradient,
}

impl Fgsm {
    /// FGSM in `ball`, on this loss of an ensemble.
    pub fn new(ball: Ball, ensemble_gradient: EnsembleGradient) -> Self {
        Self { ball, ensemble_gradient }
    }
}

impl Attack for Fgsm {
    fn name(&self) -> &'static str {
        "fgsm"
    }

    fn ball(&self) -> Option<Ball> {
        Some(self.ball)
    }

    fn settings(&self) -> AttackSettings {
        AttackSettings {
            norm: Some(self.ball.norm()),
            ensemble_gradient: Some(self.ensemble_gradient),
            ..AttackSettings::default()
        }
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let mut only = self.perturb_radii(model, batch, &[self.ball.radius()], noise)?;
        Ok(only.remove(0))
    }

    fn at_radius(&self, radius: f64) -> Result<Box<dyn Attack>, AttackError> {
        Ok(Box::new(Self { ball: Ball::new(self.ball.norm(), radius)?, ..*self }))
    }

    /// One gradient serves all radii.
    fn perturb_radii(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        _noise: &NoiseStream,
    ) -> Result<Vec<Tensor>, AttackError> {
        logits::whole(batch)?;
        let balls = radii.iter().map(|&radius| Ball::new(self.ball.norm(), radius));
        let balls: Vec<Ball> = balls.collect::<Result<_, _>>()?;
        let Batch { x, y, .. } = batch;
        let (_, direction) = Objective::CrossEntropy.ascend(model, x, y, self.ensemble_gradient)?;
        let step = self.ball.steepest(&direction);
        Ok(balls.iter().map(|ball| (&batch.x + &step * ball.radius()).clamp(0.0, 1.0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{LinearProblem, noise};
    use crate::{Norm, loss};
    use bal_core::NoiseStream;
    use tch::{Kind, Tensor};

    #[test]
    fn fgsm_is_optimal_on_a_linear_classifier() {
        let problem = LinearProblem::new();
        for norm in [Norm::LInf, Norm::L2] {
            let ball = Ball::new(norm, 0.1).unwrap();
            let attack = Fgsm::new(ball, EnsembleGradient::Predictive);
            let x = attack.perturb(&problem.model, &problem.batch, &noise()).unwrap();
            problem.assert_optimal(&ball, &x);
            let at =
                |x: &Tensor| loss(&problem.model, x, &problem.batch.y, EnsembleGradient::Predictive).unwrap();
            // No random point of the ball does more damage.
            for restart in 0..50 {
                let streams: NoiseStream = noise().for_chain(restart);
                let other = ball.uniform(&problem.batch.x, &mut streams.for_images(&problem.batch.indices));
                assert!((at(&x) - at(&other)).min().double_value(&[]) > 0.0);
            }
        }
    }

    #[test]
    fn what_leaves_the_box_is_clipped() {
        let problem = LinearProblem::new();
        let attack = Fgsm::new(Ball::new(Norm::LInf, 0.9).unwrap(), EnsembleGradient::Predictive);
        let x = attack.perturb(&problem.model, &problem.batch, &noise()).unwrap();
        let expected = problem.optimum(&Ball::new(Norm::LInf, 0.9).unwrap()).clamp(0.0, 1.0);
        assert!(x.to_kind(Kind::Double).allclose(&expected, 0.0, 1e-6, false));
        assert_eq!((x.min().double_value(&[]), x.max().double_value(&[])), (0.0, 1.0));
    }

    #[test]
    fn several_radii_at_once_are_the_attacks_of_each() {
        let problem = LinearProblem::new();
        let radii = [0.0, 0.03, 0.2];
        for norm in [Norm::LInf, Norm::L2] {
            let attack = Fgsm::new(Ball::new(norm, 1.0).unwrap(), EnsembleGradient::MemberMean);
            let together = attack.perturb_radii(&problem.model, &problem.batch, &radii, &noise()).unwrap();
            for (&radius, x) in radii.iter().zip(&together) {
                let alone = attack.at_radius(radius).unwrap();
                assert_eq!(alone.ball(), Some(Ball::new(norm, radius).unwrap()));
                assert_eq!(&alone.perturb(&problem.model, &problem.batch, &noise()).unwrap(), x);
            }
            assert_eq!(together[0], problem.batch.x);
        }
    }
}
