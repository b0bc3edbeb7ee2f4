//! An attack within one radius, as training takes it.

use crate::{Attack, AttackError, Ball, BallAttack, FixedAttack, SettingError, SpatialAttack};
use bal_core::{Batch, Classifier, NoiseStream};
use std::sync::Arc;
use tch::Tensor;

/// An attack and how far it may go: in a ball, or by moving pixels.
///
/// Training takes the images that the attack makes. They are those that an evaluation with the same radius sees: an attack
/// that moves pixels says how, and [`crate::SpatialMeasure::render`] makes the images.
#[derive(Clone, Debug)]
pub struct Within(Bounded);

#[derive(Clone, Debug)]
enum Bounded {
    Ball(Arc<dyn BallAttack>, Ball),
    /// The radius is in the units of the attack's measure.
    Moved(Arc<dyn SpatialAttack>, f64),
}

impl Within {
    /// `attack` in `ball`.
    pub fn new(ball: Ball, attack: impl BallAttack + 'static) -> Self {
        Self(Bounded::Ball(Arc::new(attack), ball))
    }

    /// `attack` within `radius`: of its norm on pixels in `[0, 1]`, or of its measure, for one that moves pixels.
    ///
    /// # Errors
    /// [`SettingError::NoRadius`] of an attack without radius, and of one that seeks the nearest error;
    /// [`SettingError::Radius`], [`SettingError::WholeBox`].
    pub fn of(attack: Attack, radius: f64) -> Result<Self, SettingError> {
        attack.takes(Some(radius))?;
        let bounded = match attack {
            Attack::InBalls(norm, attack) => Bounded::Ball(attack, Ball::new(norm, radius)?),
            Attack::Spatial(attack) if !attack.seeks_nearest() => Bounded::Moved(attack, radius),
            other => return Err(SettingError::NoRadius(other.name())),
        };
        Ok(Self(bounded))
    }

    /// Refuses models of so many classes, and images of this shape, `[c, h, w]`, that the attack cannot do anything
    /// sensible with.
    ///
    /// # Errors
    /// Those of [`BallAttack::knows`], [`BallAttack::for_classes`] and [`Ball::suits`]; of
    /// [`SpatialAttack::suits_classes`] and [`SpatialAttack::suits_images`].
    pub fn suits(&self, classes: i64, shape: &[i64]) -> Result<(), AttackError> {
        match &self.0 {
            Bounded::Ball(attack, ball) => {
                attack.knows(ball.norm())?;
                attack.for_classes(classes)?;
                Ok(ball.suits(shape.iter().product())?)
            }
            Bounded::Moved(attack, _) => {
                attack.suits_classes(classes)?;
                Ok(attack.suits_images(shape)?)
            }
        }
    }
}

impl FixedAttack for Within {
    fn name(&self) -> &'static str {
        match &self.0 {
            Bounded::Ball(attack, _) => attack.name(),
            Bounded::Moved(attack, _) => attack.name(),
        }
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        match &self.0 {
            Bounded::Ball(attack, ball) => attack.perturb(model, batch, *ball, noise),
            Bounded::Moved(_, 0.0) => Ok(batch.x.detach()),
            Bounded::Moved(attack, radius) => {
                let witness = attack.transform(model, batch, *radius, noise)?;
                Ok(attack.measure().render(&batch.x, &witness))
            }
        }
    }
}
