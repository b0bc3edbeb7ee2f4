//! An attack in one ball, as training takes it.

use crate::{Attack, AttackError, Ball, BallAttack, FixedAttack, SettingError};
use bal_core::{Batch, Classifier, NoiseStream};
use std::sync::Arc;
use tch::Tensor;

/// An attack and the ball that it stays in.
#[derive(Clone, Debug)]
pub struct Within {
    attack: Arc<dyn BallAttack>,
    ball: Ball,
}

impl Within {
    /// `attack` in `ball`.
    pub fn new(ball: Ball, attack: impl BallAttack + 'static) -> Self {
        Self { attack: Arc::new(attack), ball }
    }

    /// `attack` in the ball of `radius`, of its norm.
    ///
    /// # Errors
    /// [`SettingError::NoRadius`] and [`SettingError::NoBall`] of an attack that is in no ball, [`SettingError::Radius`], [`SettingError::WholeBox`].
    pub fn of(attack: Attack, radius: f64) -> Result<Self, SettingError> {
        attack.takes(Some(radius))?;
        match attack {
            Attack::InBalls(norm, attack) => Ok(Self { attack, ball: Ball::new(norm, radius)? }),
            Attack::Spatial(attack) => Err(SettingError::NoBall(attack.name())),
            other => Err(SettingError::NoRadius(other.name())),
        }
    }

    /// Refuses models of so many classes, and images of so many pixels and channels together, that the attack cannot do
    /// anything sensible with.
    ///
    /// # Errors
    /// Those of [`BallAttack::knows`], [`BallAttack::for_classes`] and [`Ball::suits`].
    pub fn suits(&self, classes: i64, pixels: i64) -> Result<(), AttackError> {
        self.attack.knows(self.ball.norm())?;
        self.attack.for_classes(classes)?;
        Ok(self.ball.suits(pixels)?)
    }
}

impl FixedAttack for Within {
    fn name(&self) -> &'static str {
        self.attack.name()
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.attack.perturb(model, batch, self.ball, noise)
    }
}
