//! An attack of one's own, and what it adds to a suite of PGD and APGD.

use anyhow::Result;
use bal_attacks::{
    AccuracyCurve, Apgd, ApgdLoss, Ascent, Attack, AttackError, Ball, BallAttack, LossName, Norm, Part, Pgd,
    Protocol, Radii, StepSize, Suite, evaluate, loss,
};
use bal_core::{Batch, Classifier, EnsembleGradient, NoiseStream, Workers};
use bal_examples::{fixture, subject};
use tch::Tensor;

/// Makes the whole image brighter or darker, as far as the ball reaches, whichever raises the loss more; stays in its ball.
///
/// ```text
/// x' = clip(x + s r 1 / ||1||, 0, 1),    s in {-1, 1} with the higher cross-entropy
/// ```
///
/// A weak attack: two questions to the model, no gradient.
#[derive(Clone, Copy, Debug)]
struct Brightness;

impl BallAttack for Brightness {
    fn name(&self) -> &'static str {
        "brightness"
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        _: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        let all = ball.steepest(&batch.x.ones_like()) * ball.radius();
        let [darker, brighter] = [-1.0, 1.0].map(|sign| (&batch.x + &all * sign).clamp(0.0, 1.0));
        let loss = |x| loss(model, x, batch.classes()?, EnsembleGradient::Predictive);
        let worse = loss(&brighter)?.gt_tensor(&loss(&darker)?).reshape([-1, 1, 1, 1]);
        Ok(brighter.where_self(&worse, &darker))
    }
}

/// The new attack first, then the known ones on the images that it leaves standing.
fn suite() -> Result<Attack> {
    let steps = 10;
    let (loss, ensemble_gradient) = (LossName::CrossEntropy, EnsembleGradient::Predictive);
    let ascent = Ascent { steps, step_size: StepSize::RadiusOver(4.0), loss, ensemble_gradient };
    let suite = Suite::new(vec![
        Part::in_ball(Brightness),
        Part::in_ball(Pgd::new(ascent, 1)?),
        Part::in_ball(Apgd::new(ApgdLoss::Untargeted(loss), steps, 1, ensemble_gradient)?),
    ])?;
    Ok(Attack::in_balls(Norm::LInf, suite))
}

/// What `attack` leaves of the network's answers to `images` images.
fn measure(attack: &Attack, images: i64, radii: &Radii) -> Result<AccuracyCurve> {
    let (model, images) = subject(&fixture(), images)?;
    let protocol = Protocol { attack, radii: Some(radii), limit: None, seed: 0 };
    Ok(evaluate(&model, &images, &protocol, &Workers::new(2)?, &|_| ())?)
}

#[expect(clippy::print_stdout, reason = "an example shows what it found")]
fn main() -> Result<()> {
    let radii = Radii::new(vec![0.01, 0.02, 0.05])?;
    let curve = measure(&suite()?, 512, &radii)?;
    println!("radius  accuracy  images broken by {}", curve.parts.join(", "));
    for (column, (radius, accuracy)) in radii.as_slice().iter().zip(curve.accuracy()).enumerate() {
        println!("{radius:<6}  {accuracy:.3}     {:?}", curve.broken_by(column));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The evaluation itself refuses an attack that leaves its ball.
    #[test]
    fn the_suite_is_at_least_as_strong_as_the_new_attack_and_tells_who_broke_what() {
        let radii = Radii::new(vec![0.02, 0.2]).unwrap();
        let alone = measure(&Attack::in_balls(Norm::LInf, Brightness), 96, &radii).unwrap();
        let together = measure(&suite().unwrap(), 96, &radii).unwrap();
        assert_eq!(together.parts, ["brightness", "pgd", "apgd-ce"]);
        for column in 0..2 {
            let broken: usize = together.broken_by(column).iter().sum();
            let standing = together.correct[column].iter().filter(|&&right| right).count();
            assert_eq!(broken + standing, 96);
            assert!(together.accuracy()[column] <= alone.accuracy()[column]);
        }
        // First come, first counted: what brightness breaks alone at a radius, it breaks there in the suite.
        assert_eq!(together.broken_by(0)[0], alone.correct[0].iter().filter(|&&right| !right).count());
        assert!(together.accuracy()[1] < 0.5, "{:?}", together.accuracy());
    }
}
