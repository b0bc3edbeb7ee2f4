//! The momentum iterative method.

use crate::{
    Ascent, AttackError, Ball, BallAttack, LossName, ModelFault, Norm, SettingError, StepSize,
    attack_settings::settings, by_name::ByName, logits,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream};
use std::sync::Arc;
use tch::{Kind, Tensor};

/// Steps of steepest ascent along an average of past gradients, from the image itself; stays in its
/// ball.
///
/// ```text
/// g_0 = 0,    g_k+1 = decay g_k + grad l(x_k, y) / ||grad l(x_k, y)||_1
/// x_0 = x,    x_k+1 = clip(project(x_k + step_size steepest(g_k+1)), 0, 1)
/// ```
///
/// Decay 0 is [`crate::Ifgsm`]. Made for transfer: the average is less tied to the bends of one
/// model. An image whose gradient is zero adds nothing to its average.
///
/// Source: Dong et al., CVPR 2018, eqs. 6 and 7, and eq. 8 for L2; steps, radius over steps, and
/// decay 1 are theirs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MiFgsm {
    ascent: Ascent,
    decay: f64,
}

settings! {
    /// Settings of [`MiFgsm`] by name.
    MiFgsmSettings optional (loss) {
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
        /// Share of its momentum that the attack keeps from step to step; >= 0.
        decay: f64 = 1.0,
    }
}

impl MiFgsm {
    /// MI-FGSM with this share of the old average (the paper's mu).
    ///
    /// # Errors
    /// [`SettingError::Zero`] without steps, [`SettingError::StepSize`] unless it is finite and
    /// positive, [`SettingError::Decay`] unless `decay` is finite and at least 0.
    pub fn new(ascent: Ascent, decay: f64) -> Result<Self, SettingError> {
        if !(decay.is_finite() && decay >= 0.0) {
            return Err(SettingError::Decay(decay));
        }
        Ok(Self { ascent: ascent.checked()?, decay })
    }
}

impl BallAttack for MiFgsm {
    fn name(&self) -> &'static str {
        "mi-fgsm"
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        _noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        logits::whole(batch)?;
        let step_size = self.ascent.step_size.at(ball.radius());
        let mut x = batch.x.detach();
        let mut average = x.zeros_like();
        for _ in 0..self.ascent.steps {
            let gradient = self.ascent.direction(model, &x, batch.classes()?)?;
            average = average * self.decay + of_length_one(&gradient);
            let stepped = x + ball.steepest(&average) * step_size;
            x = ball.project(&batch.x, &stepped).clamp(0.0, 1.0);
        }
        Ok(x)
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        self.ascent.loss.objective().classes_suffice(classes)?;
        Ok(None)
    }
}

/// Each image's gradient with absolute values that sum to 1, or 0 where it is 0.
fn of_length_one(gradient: &Tensor) -> Tensor {
    // As in the ball's steepest step, tiny gradients are scaled up before they are summed.
    let least = f64::from(f32::MIN_POSITIVE);
    let scaled = gradient / Norm::LInf.of_each(gradient).clamp_min(least);
    &scaled / scaled.abs().sum_dim_intlist([1i64, 2, 3].as_slice(), true, None::<Kind>).clamp_min(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Bumpy, LinearProblem, TwoLayers, noise, shades};
    use crate::{Ifgsm, Objective};

    fn ball(norm: Norm) -> Ball {
        Ball::new(norm, 0.1).unwrap()
    }

    fn mi_fgsm(decay: f64, steps: u64) -> MiFgsm {
        let ascent = Ascent {
            steps,
            step_size: StepSize::RadiusOver(5.0),
            loss: LossName::CrossEntropy,
            ensemble_gradient: EnsembleGradient::Predictive,
        };
        MiFgsm::new(ascent, decay).unwrap()
    }

    #[test]
    fn enough_steps_reach_the_optimum_of_a_linear_classifier() {
        let problem = LinearProblem::new();
        for norm in [Norm::LInf, Norm::L2] {
            let x = mi_fgsm(1.0, 7).perturb(&problem.model, &problem.batch, ball(norm), &noise()).unwrap();
            problem.assert_optimal(&ball(norm), &x);
        }
    }

    #[test]
    fn it_finds_the_best_corner_of_a_small_network() {
        let problem = TwoLayers::new();
        let ball = Ball::new(Norm::LInf, TwoLayers::RADIUS).unwrap();
        let x = mi_fgsm(1.0, 10).perturb(&problem.model, &problem.batch, ball, &noise()).unwrap();
        problem.assert_best_corner(Objective::CrossEntropy, &x);
    }

    #[test]
    fn without_memory_it_is_ifgsm() {
        let batch = shades(9);
        for norm in [Norm::LInf, Norm::L2] {
            let attack = mi_fgsm(0.0, 6);
            let plain = Ifgsm::new(attack.ascent).unwrap();
            let [a, b] = [&attack as &dyn BallAttack, &plain]
                .map(|attack| attack.perturb(&Bumpy, &batch, ball(norm), &noise()).unwrap());
            assert!(a.allclose(&b, 0.0, 1e-5, false), "{norm}");
        }
    }

    #[test]
    fn the_second_step_follows_the_average_of_two_gradients() {
        let batch = shades(9);
        let attack = mi_fgsm(0.7, 2);
        let of = |x: &Tensor| {
            let g = attack.ascent.direction(&Bumpy, x, batch.classes().unwrap()).unwrap();
            &g / g.abs().flatten(1, -1).sum_dim_intlist(-1, false, Kind::Float).reshape([-1, 1, 1, 1])
        };
        let first = of(&batch.x);
        let length = |g: &Tensor| Norm::L2.of_each(g);
        let x1 = &batch.x + &first / length(&first) * 0.02;
        let second = first * 0.7 + of(&x1);
        let expected = x1 + &second / length(&second) * 0.02;
        let found = attack.perturb(&Bumpy, &batch, ball(Norm::L2), &noise()).unwrap();
        assert!(found.allclose(&expected, 0.0, 1e-5, false));
    }

    #[test]
    fn only_finite_decays_of_at_least_zero_are_taken() {
        let ascent = mi_fgsm(1.0, 1).ascent;
        for decay in [-0.1, f64::NAN, f64::INFINITY] {
            let error = MiFgsm::new(ascent, decay).unwrap_err().to_string();
            assert!(error.starts_with("a decay must be finite and >= 0"), "{error}");
        }
    }
}
