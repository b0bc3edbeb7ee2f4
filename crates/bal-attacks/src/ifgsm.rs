//! The basic iterative method: FGSM in small steps.

use crate::{
    Ascent, AttackError, Ball, BallAttack, LossName, ModelFault, Norm, SettingError, StepSize,
    attack_settings::settings, by_name::ByName, logits,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
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

settings! {
    /// Settings of [`Ifgsm`] by name. The usual steps just reach the rim.
    IfgsmSettings optional (loss) {
        /// Norm of the ball: `linf` or `l2`.
        norm: Norm = Norm::LInf,
        /// Steps of the attack, at least 1.
        steps: u64 = 10,
        /// Length of a step in the norm of the ball, on pixels in [0, 1]: a number, or `radius/NUMBER`.
        step_size: StepSize = StepSize::RadiusOver(10.0),
        /// Loss of an ensemble that the attack follows: `predictive`, the loss of the mean probability, or `member-mean`.
        #[serde(with = "ByName")]
        ensemble_gradient: EnsembleGradient = EnsembleGradient::Predictive,
        /// Loss that the attack raises: `cross-entropy`, `margin`, `dlr` or `confident`.
        #[serde(with = "ByName")]
        loss: LossName = LossName::CrossEntropy,
    }
}

impl Ifgsm {
    /// IFGSM that climbs so.
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps, [`SettingError::StepSize`] unless it is finite and
    /// positive.
    pub fn new(ascent: Ascent) -> Result<Self, SettingError> {
        Ok(Self { ascent: ascent.checked()? })
    }
}

impl BallAttack for Ifgsm {
    fn name(&self) -> &'static str {
        "ifgsm"
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        _noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        logits::whole(batch)?;
        Ok(self.ascent.climb(model, batch, &ball, batch.x.detach())?)
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        self.ascent.loss.objective().classes_suffice(classes)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fgsm;
    use crate::tests::{LinearProblem, noise};

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
