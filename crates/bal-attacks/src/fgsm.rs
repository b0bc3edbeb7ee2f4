//! The fast gradient sign method.

use crate::{
    AttackError, Ball, BallAttack, Changed, ModelFault, Norm, Objective, SettingError,
    attack_settings::settings, by_name::ByName, logits, range,
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
/// With a random step, a share `s` of the radius, it is R+FGSM:
///
/// ```text
/// x_0 = clip(x + s radius steepest(n), 0, 1),    n ~ N(0, I)
/// x'  = clip(x_0 + (1 - s) radius steepest(grad l(x_0, y)), 0, 1)
/// ```
///
/// The loss of a network that was trained against FGSM may be curved at the image so that its gradient there leads
/// nowhere; a little beside it, it does.
///
/// Source: Goodfellow, Shlens & Szegedy, ICLR 2015, section 4; clipped as images are. R+FGSM: Tramèr et al., ICLR 2018,
/// section 4.1, with `s = alpha / epsilon`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fgsm {
    ensemble_gradient: EnsembleGradient,
    random_step: f64,
}

settings! {
    /// Settings of [`Fgsm`] by name.
    FgsmSettings optional (random_step) {
        /// Norm of the ball, or of the distance that the attack minimises: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
        /// Share of the radius that a random step takes before the step along the gradient, which has the rest; in `[0, 1)`.
        random_step: f64 = 0.0,
    }
}

impl Fgsm {
    /// FGSM on this loss of an ensemble, from the image itself.
    pub fn new(ensemble_gradient: EnsembleGradient) -> Self {
        Self { ensemble_gradient, random_step: 0.0 }
    }

    /// The same after a random step, which takes this share of the radius.
    ///
    /// # Errors
    /// [`SettingError::OutOfRange`] for a share outside `[0, 1)`.
    pub fn after_a_random_step(self, share: f64) -> Result<Self, SettingError> {
        range::below_one(&[("random_step", share)])?;
        Ok(Self { random_step: share, ..self })
    }

    /// A random step in the ball, and the rest of the way along the gradient that is found there.
    fn by_way_of_a_point_beside(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: &Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, ModelFault> {
        let normal = noise.for_chain(0).for_images(&batch.indices).normal_like(&batch.x);
        let random = ball.radius() * self.random_step;
        let start = (&batch.x + ball.steepest(&normal) * random).clamp(0.0, 1.0);
        let direction = self.direction(model, &start, batch.classes()?)?;
        let stepped = start + ball.steepest(&direction) * (ball.radius() - random);
        // Both steps together are no longer than the radius, but for rounding.
        Ok(ball.project(&batch.x, &stepped).clamp(0.0, 1.0))
    }

    fn direction(&self, model: &dyn Classifier, x: &Tensor, y: &Tensor) -> Result<Tensor, ModelFault> {
        Ok(Objective::CrossEntropy.ascend(model, x, y, self.ensemble_gradient)?.1)
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

    /// One gradient serves all balls, unless each has a point of its own beside the image.
    fn perturb_all(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        balls: &[Ball],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        logits::whole(batch)?;
        if self.random_step > 0.0 {
            let each =
                balls.iter().map(|ball| Ok(self.by_way_of_a_point_beside(model, batch, ball, noise)?.into()));
            return each.collect();
        }
        let direction = self.direction(model, &batch.x, batch.classes()?)?;
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
    fn after_a_random_step_it_goes_the_rest_of_the_way_along_the_gradient() {
        let problem = LinearProblem::new();
        let (clean, share) = (&problem.batch.x, 0.25);
        for norm in [Norm::LInf, Norm::L2] {
            let ball = Ball::new(norm, 0.02).unwrap();
            let plain = Fgsm::new(EnsembleGradient::Predictive);
            let attack = plain.after_a_random_step(share).unwrap();
            let x = attack.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
            // The gradient of a linear model is the same everywhere: what the step along it leaves is the random one.
            let along = plain.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap() - clean;
            let random = (&x - clean) - along * (1.0 - share);
            let expected = Tensor::full([clean.size()[0]], share * 0.02, (Kind::Float, clean.device()));
            assert!(norm.of_each(&random).reshape([-1]).allclose(&expected, 1e-3, 1e-6, false), "{norm}");
            assert_ne!(x, plain.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap());
            assert_eq!(x, attack.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap());
            let other = attack.perturb(&problem.model, &problem.batch, ball, &noise().for_chain(0)).unwrap();
            assert_eq!(x, other, "the chain of the noise is the restart's");
        }
    }

    #[test]
    fn a_random_step_takes_less_than_the_whole_radius() {
        let plain = Fgsm::new(EnsembleGradient::Predictive);
        assert_eq!(plain.after_a_random_step(0.0).unwrap(), plain);
        for share in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
            let error = plain.after_a_random_step(share).unwrap_err().to_string();
            assert_eq!(error, format!("random_step must be >= 0 and < 1, got {share}"));
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
            let plain = Fgsm::new(EnsembleGradient::MemberMean);
            for attack in [plain, plain.after_a_random_step(0.5).unwrap()] {
                let together = attack.perturb_all(&problem.model, &problem.batch, &balls, &noise()).unwrap();
                for (&ball, together) in balls.iter().zip(&together) {
                    let alone = attack.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
                    assert_eq!(alone, together.x);
                }
                assert_eq!(together[0].x, problem.batch.x);
            }
        }
    }
}
