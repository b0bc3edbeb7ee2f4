//! The fast gradient sign method.

use crate::{
    AttackError, Ball, BallAttack, Changed, Norm, Objective, attack_settings::settings, by_name::ByName,
    logits,
};
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
    ensemble_gradient: EnsembleGradient,
}

settings! {
    /// Settings of [`Fgsm`] by name.
    FgsmSettings {
        /// Norm of the ball, or of the distance that the attack minimises: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
    }
}

impl Fgsm {
    /// FGSM on this loss of an ensemble.
    pub fn new(ensemble_gradient: EnsembleGradient) -> Self {
        Self { ensemble_gradient }
    }
}

impl BallAttack for Fgsm {
    fn name(&self) -> &'static str {
        "fgsm"
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

    /// One gradient serves all balls.
    fn perturb_all(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        balls: &[Ball],
        _noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        logits::whole(batch)?;
        let (_, direction) =
            Objective::CrossEntropy.ascend(model, &batch.x, batch.classes()?, self.ensemble_gradient)?;
        let step = |ball: &Ball| ball.steepest(&direction) * ball.radius();
        Ok(balls.iter().map(|ball| (&batch.x + step(ball)).clamp(0.0, 1.0).into()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss;
    use crate::tests::{LinearProblem, noise};
    use bal_core::NoiseStream;
    use tch::{Kind, Tensor};

    #[test]
    fn fgsm_is_optimal_on_a_linear_classifier() {
        let problem = LinearProblem::new();
        for norm in [Norm::LInf, Norm::L2] {
            let ball = Ball::new(norm, 0.1).unwrap();
            let attack = Fgsm::new(EnsembleGradient::Predictive);
            let x = attack.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
            problem.assert_optimal(&ball, &x);
            let at = |x: &Tensor| {
                loss(&problem.model, x, problem.batch.classes().unwrap(), EnsembleGradient::Predictive)
                    .unwrap()
            };
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
        let ball = Ball::new(Norm::LInf, 0.9).unwrap();
        let attack = Fgsm::new(EnsembleGradient::Predictive);
        let x = attack.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
        let expected = problem.optimum(&ball).clamp(0.0, 1.0);
        assert!(x.to_kind(Kind::Double).allclose(&expected, 0.0, 1e-6, false));
        assert_eq!((x.min().double_value(&[]), x.max().double_value(&[])), (0.0, 1.0));
    }

    #[test]
    fn several_balls_at_once_are_the_attacks_of_each() {
        let problem = LinearProblem::new();
        for norm in [Norm::LInf, Norm::L2] {
            let balls = [0.0, 0.03, 0.2].map(|radius| Ball::new(norm, radius).unwrap());
            let attack = Fgsm::new(EnsembleGradient::MemberMean);
            let together = attack.perturb_all(&problem.model, &problem.batch, &balls, &noise()).unwrap();
            for (&ball, together) in balls.iter().zip(&together) {
                let alone = attack.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
                assert_eq!(alone, together.x);
            }
            assert_eq!(together[0].x, problem.batch.x);
        }
    }
}
