//! The basic iterative method: FGSM in small steps.

use crate::{Ascent, AttackError, AttackSettings, Ball, BallAttack, logits};
use bal_core::{Batch, Classifier, NoiseStream};
use std::sync::Arc;
use tch::Tensor;

/// Steps of steepest ascent from the image itself; stays in its ball.
///
/// ```text
/// x_0 = x,    x_k+1 = clip(project(x_k + step_size steepest(grad l(x_k, y))), 0, 1)
/// ```
///
/// Source: Kurakin, Goodfellow & Bengio, ICLR 2017 workshop, section 2.2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ifgsm {
    ascent: Ascent,
}

impl Ifgsm {
    /// IFGSM that climbs so.
    ///
    /// # Errors
    /// [`AttackError::Zero`] without steps, [`AttackError::StepSize`] unless it is finite and
    /// positive.
    pub fn new(ascent: Ascent) -> Result<Self, AttackError> {
        Ok(Self { ascent: ascent.checked()? })
    }
}

impl BallAttack for Ifgsm {
    fn name(&self) -> &'static str {
        "ifgsm"
    }

    fn settings(&self) -> AttackSettings {
        AttackSettings::of_ascent(&self.ascent)
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        _noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        logits::whole(batch)?;
        self.ascent.climb(model, batch, &ball, batch.x.detach())
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, AttackError> {
        self.ascent.loss.objective().classes_suffice(classes)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{LinearProblem, noise};
    use crate::{Fgsm, LossName, Norm, StepSize};
    use bal_core::EnsembleGradient;

    fn ifgsm(steps: u64, step_size: StepSize) -> Ifgsm {
        let ensemble_gradient = EnsembleGradient::Predictive;
        Ifgsm::new(Ascent { steps, step_size, loss: LossName::CrossEntropy, ensemble_gradient }).unwrap()
    }

    #[test]
    fn enough_steps_reach_the_optimum_of_a_linear_classifier() {
        let problem = LinearProblem::new();
        for norm in [Norm::LInf, Norm::L2] {
            let ball = Ball::new(norm, 0.1).unwrap();
            let attack = ifgsm(7, StepSize::RadiusOver(5.0));
            let x = attack.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
            problem.assert_optimal(&ball, &x);
        }
    }

    #[test]
    fn steps_add_up_until_the_rim() {
        let problem = LinearProblem::new();
        let ball = Ball::new(Norm::LInf, 0.1).unwrap();
        let three = ifgsm(3, StepSize::Absolute(0.01));
        let x = three.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
        problem.assert_optimal(&Ball::new(Norm::LInf, 0.03).unwrap(), &x);
    }

    #[test]
    fn one_step_of_the_radius_is_fgsm() {
        let problem = LinearProblem::new();
        for norm in [Norm::LInf, Norm::L2] {
            let ball = Ball::new(norm, 0.25).unwrap();
            let one = ifgsm(1, StepSize::RadiusOver(1.0));
            let fgsm = Fgsm::new(EnsembleGradient::Predictive);
            let [one, fgsm] = [&one as &dyn BallAttack, &fgsm]
                .map(|attack| attack.perturb(&problem.model, &problem.batch, ball, &noise()).unwrap());
            assert!(one.allclose(&fgsm, 0.0, 1e-6, false));
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let new = |steps, step_size| {
            Ifgsm::new(Ascent {
                steps,
                step_size,
                loss: LossName::CrossEntropy,
                ensemble_gradient: EnsembleGradient::Predictive,
            })
        };
        assert!(new(1, StepSize::Absolute(0.1)).is_ok());
        assert_eq!(
            new(0, StepSize::Absolute(0.1)).unwrap_err().to_string(),
            "steps must be at least 1, got 0"
        );
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(new(1, StepSize::Absolute(bad)).is_err(), "{bad}");
            assert!(new(1, StepSize::RadiusOver(bad)).is_err(), "{bad}");
        }
    }
}
