//! A search for the nearest error as an attack in a ball.

use crate::{Attack, AttackError, AttackSettings, Ball, standing::per_image};
use bal_core::{Batch, Classifier, Images, NoiseStream};
use std::sync::Arc;
use tch::Tensor;

/// What a minimal-distance attack finds, where that is inside a ball; stays in its ball.
///
/// An image whose nearest error is further away than the radius comes back unchanged. The ball is one
/// of the norm that the attack inside makes small; the images do not depend on the radius, so one run
/// serves all radii.
#[derive(Clone, Debug)]
pub struct InBall {
    inner: Arc<dyn Attack>,
    ball: Ball,
}

impl InBall {
    /// `inner` in the ball of `radius`, of the norm that it minimises.
    ///
    /// # Errors
    /// [`AttackError::NotMinimal`] when it minimises none, [`AttackError::Radius`].
    pub fn new(inner: Arc<dyn Attack>, radius: f64) -> Result<Self, AttackError> {
        let norm = inner.minimises().ok_or(AttackError::NotMinimal(inner.name()))?;
        Ok(Self { ball: Ball::new(norm, radius)?, inner })
    }

    /// Images in a ball, clean ones where `x` is outside; distances in double precision.
    fn cut(ball: &Ball, clean: &Tensor, x: &Tensor) -> Tensor {
        let inside = ball.distance(clean, x).le(ball.radius());
        x.where_self(&per_image(&inside), &clean.detach())
    }
}

impl Attack for InBall {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn ball(&self) -> Option<Ball> {
        Some(self.ball)
    }

    fn settings(&self) -> AttackSettings {
        self.inner.settings()
    }

    fn batch_size(&self) -> Option<usize> {
        self.inner.batch_size()
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        Ok(Self::cut(&self.ball, &batch.x, &self.inner.perturb(model, batch, noise)?))
    }

    fn at_radius(&self, radius: f64) -> Result<Box<dyn Attack>, AttackError> {
        Ok(Box::new(Self::new(self.inner.clone(), radius)?))
    }

    fn starting_among(
        &self,
        model: &dyn Classifier,
        images: &Images,
    ) -> Result<Option<Box<dyn Attack>>, AttackError> {
        let started = self.inner.starting_among(model, images)?;
        Ok(started.map(|inner| Box::new(Self { inner: inner.into(), ball: self.ball }) as Box<dyn Attack>))
    }

    fn perturb_radii(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Tensor>, AttackError> {
        let balls = radii.iter().map(|&radius| Ball::new(self.ball.norm(), radius));
        let balls = balls.collect::<Result<Vec<_>, _>>()?;
        let x = self.inner.perturb(model, batch, noise)?;
        Ok(balls.iter().map(|ball| Self::cut(ball, &batch.x, &x)).collect())
    }

    fn serves_all_radii(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CwOneStep, Fab, FabSettings, Norm, tests::LinearProblem, tests::noise};

    #[test]
    fn images_whose_nearest_error_is_further_away_stay_clean() {
        let LinearProblem { model, batch } = LinearProblem::new();
        let fab = Fab::new(Norm::L2, FabSettings { steps: 10, ..FabSettings::default() }).unwrap();
        let nearest = fab.perturb(&model, &batch, &noise()).unwrap();
        let distance = |x: &Tensor| Norm::L2.of_each(&(x - &batch.x)).reshape([-1]);
        let attack = InBall::new(Arc::new(fab), 0.1).unwrap();
        let radii = [0.05, 0.1, 0.2];
        let all = attack.perturb_radii(&model, &batch, &radii, &noise()).unwrap();
        for (x, radius) in all.iter().zip(radii) {
            let inside = distance(&nearest).le(radius);
            let expected = nearest.where_self(&per_image(&inside), &batch.x);
            assert_eq!(x, &expected);
            let alone = attack.at_radius(radius).unwrap();
            assert_eq!((alone.name(), alone.ball()), ("fab", Ball::new(Norm::L2, radius).ok()));
            assert_eq!(&alone.perturb(&model, &batch, &noise()).unwrap(), x);
        }
        assert_ne!(all[0], all[2]);
        assert!(attack.serves_all_radii());
    }

    #[test]
    fn only_an_attack_that_minimises_can_be_cut_off() {
        let error = InBall::new(Arc::new(CwOneStep::Logits), 0.1).unwrap_err().to_string();
        assert!(error.starts_with("the attack cw-one-step does not seek the nearest error"), "{error}");
        let fab = Arc::new(Fab::new(Norm::L2, FabSettings::default()).unwrap());
        assert!(matches!(InBall::new(fab, f64::NAN), Err(AttackError::Radius(_))));
    }
}
