//! What an attack is.

use crate::{AttackError, Ball, Measure, ModelFault, Norm, Radius, SettingError, SpatialAttack};
use bal_core::{Batch, Classifier, Images, NoiseStream};
use std::{fmt::Debug, sync::Arc};
use tch::Tensor;

/// An attack that stays in a ball around each image.
///
/// An immutable value with its settings. Model, batch, ball and noise are arguments, and the model is left as it was.
pub trait BallAttack: Send + Sync + Debug {
    /// The name that commands and files use: `pgd`.
    fn name(&self) -> &'static str;

    /// The names under which [`BallAttack::perturb_all`] accounts for images, in the order in which they run on
    /// them; the attack's own, unless it is made of several.
    fn parts(&self) -> Vec<&'static str> {
        vec![self.name()]
    }

    /// The changed images, in `ball` and in `[0, 1]`: shaped as `batch.x`, without a graph.
    ///
    /// `noise` gives random starts, keyed by image; its chain is replaced by the restart's number.
    ///
    /// # Errors
    /// [`AttackError`] when batch and model do not fit together, or the model cannot be attacked.
    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError>;

    /// The changed images in each of several balls of one norm; at radius 0 they are the images.
    ///
    /// An attack that can share work between balls overrides this, with the same results.
    ///
    /// # Errors
    /// Those of [`BallAttack::perturb`].
    fn perturb_all(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        balls: &[Ball],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        let changed = |&ball: &Ball| {
            let still = ball.radius() == 0.0;
            Ok(if still { batch.x.detach() } else { self.perturb(model, batch, ball, noise)? }.into())
        };
        balls.iter().map(changed).collect()
    }

    /// Refuses a norm that the attack does not know.
    ///
    /// Asked before an evaluation begins, so that what cannot be done is known then.
    ///
    /// # Errors
    /// [`SettingError::OtherNorm`].
    fn knows(&self, _norm: Norm) -> Result<(), SettingError> {
        Ok(())
    }

    /// The attack as it is defined for models of so many classes; `None` where that is the attack as it is.
    ///
    /// Asked before an evaluation or a training begins.
    ///
    /// # Errors
    /// [`ModelFault::Classes`] and [`ModelFault::FewClasses`] where it is defined for more classes only.
    fn for_classes(&self, _classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        Ok(None)
    }
}

/// An attack that seeks the nearest image that the model gets wrong; it has no radius.
///
/// Like a [`BallAttack`] it is a value with its settings, and the norm whose distance it makes small is one of them.
pub trait NearestAttack: Send + Sync + Debug {
    /// The name that commands and files use: `fab`.
    fn name(&self) -> &'static str;

    /// The norm of the distance that the attack makes as small as it can.
    fn norm(&self) -> Norm;

    /// The nearest adversarial images in `[0, 1]`: shaped as `batch.x`, without a graph.
    ///
    /// An image comes back unchanged when the model has it wrong already, or when nothing was found.
    ///
    /// # Errors
    /// [`AttackError`] when batch and model do not fit together, or the model cannot be attacked.
    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError>;

    /// The attack with images to begin at, for one that begins at other images where it finds nothing better; `None`
    /// of all others.
    ///
    /// `images` are all that there are, also those beyond the first few that are attacked: what becomes of an image
    /// does not depend on how many are.
    ///
    /// # Errors
    /// Those of a model that cannot classify the images.
    fn starting_among(
        &self,
        _model: &dyn Classifier,
        _images: &Images,
    ) -> Result<Option<Arc<dyn NearestAttack>>, ModelFault> {
        Ok(None)
    }
}

/// An attack whose settings alone say how far it goes: nobody asks it for a radius, and it seeks no nearest error.
///
/// One-step CW is one, the ascent of distributionally robust training, and a [`crate::Within`].
pub trait FixedAttack: Send + Sync + Debug {
    /// The name that commands and files use: `cw-one-step`.
    fn name(&self) -> &'static str;

    /// How many images are attacked together, where that changes the result.
    fn batch_size(&self) -> Option<usize> {
        None
    }

    /// The changed images: shaped as `batch.x`, without a graph. To be evaluated, they have to be in `[0, 1]`.
    ///
    /// # Errors
    /// [`AttackError`] when batch and model do not fit together, or the model cannot be attacked.
    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError>;
}

/// What an attack made of a batch.
#[derive(Debug)]
pub struct Changed {
    /// The changed images, shaped as they came.
    pub x: Tensor,
    /// Of an attack made of several, for each image the name of the part that fooled the model; `None` where none did,
    /// and where the model was wrong before.
    pub broken_by: Option<Vec<Option<&'static str>>>,
}

impl From<Tensor> for Changed {
    /// Images of an attack that is one, which gives no account.
    fn from(x: Tensor) -> Self {
        Self { x, broken_by: None }
    }
}

/// An attack of any of the four kinds, as evaluations take it.
#[derive(Clone, Debug)]
pub enum Attack {
    /// In balls of this norm, whose radii the evaluation says.
    InBalls(Norm, Arc<dyn BallAttack>),
    /// To the nearest error.
    Nearest(Arc<dyn NearestAttack>),
    /// As far as it goes.
    Fixed(Arc<dyn FixedAttack>),
    /// By moving pixels.
    Spatial(Arc<dyn SpatialAttack>),
}

impl Attack {
    /// `attack` in balls of `norm`.
    pub fn in_balls(norm: Norm, attack: impl BallAttack + 'static) -> Self {
        Self::InBalls(norm, Arc::new(attack))
    }

    /// `attack`, which seeks the nearest error.
    pub fn nearest(attack: impl NearestAttack + 'static) -> Self {
        Self::Nearest(Arc::new(attack))
    }

    /// `attack`, which goes as far as it goes.
    pub fn fixed(attack: impl FixedAttack + 'static) -> Self {
        Self::Fixed(Arc::new(attack))
    }

    /// `attack`, which moves pixels.
    pub fn spatial(attack: impl SpatialAttack + 'static) -> Self {
        Self::Spatial(Arc::new(attack))
    }

    /// The name that commands and files use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InBalls(_, attack) => attack.name(),
            Self::Nearest(attack) => attack.name(),
            Self::Fixed(attack) => attack.name(),
            Self::Spatial(attack) => attack.name(),
        }
    }

    /// The norm of the balls, or of the distance that is made small, if there is one.
    pub fn norm(&self) -> Option<Norm> {
        self.measure().and_then(Measure::norm)
    }

    /// What its radii measure, or the distance that is made small, if there is such a thing.
    pub fn measure(&self) -> Option<Measure> {
        match self {
            Self::InBalls(norm, _) => Some((*norm).into()),
            Self::Nearest(attack) => Some(attack.norm().into()),
            Self::Fixed(_) => None,
            Self::Spatial(attack) => Some(attack.measure().into()),
        }
    }

    /// Whether it seeks the nearest error, so that it needs no radius.
    pub fn seeks_nearest(&self) -> bool {
        match self {
            Self::InBalls(..) | Self::Fixed(_) => false,
            Self::Nearest(_) => true,
            Self::Spatial(attack) => attack.seeks_nearest(),
        }
    }

    /// The names under which images are accounted for, see [`BallAttack::parts`].
    pub fn parts(&self) -> Vec<&'static str> {
        match self {
            Self::InBalls(_, attack) => attack.parts(),
            Self::Nearest(_) | Self::Fixed(_) | Self::Spatial(_) => vec![self.name()],
        }
    }

    /// How many images are attacked together, where that changes the result.
    pub fn batch_size(&self) -> Option<usize> {
        if let Self::Fixed(attack) = self { attack.batch_size() } else { None }
    }

    /// Refuses a radius for an attack that has none, none for one in balls, and one whose ball would hold all images.
    ///
    /// Where the nearest error is sought, radii only say where to read off the curve. Radii of an attack that moves pixels are
    /// in the units of its measure, and may be as large as one likes.
    ///
    /// # Errors
    /// [`SettingError::MissingRadius`], [`SettingError::NoRadius`], [`SettingError::Radius`], [`SettingError::WholeBox`] for
    /// one above 1 in L-infinity.
    pub fn takes(&self, radius: Option<f64>) -> Result<(), SettingError> {
        match (self.measure(), radius) {
            (Some(_), None) if !self.seeks_nearest() => Err(SettingError::MissingRadius(self.name())),
            (_, None) => Ok(()),
            (None, Some(_)) => Err(SettingError::NoRadius(self.name())),
            (Some(Measure::Pixels(norm)), Some(radius)) => norm.suits(Ball::new(norm, radius)?.radius()),
            (Some(Measure::Spatial(_)), Some(radius)) => Radius::new(radius).map(drop),
        }
    }

    /// The attack for models of so many classes, see [`BallAttack::for_classes`].
    ///
    /// # Errors
    /// Those of [`BallAttack::knows`], [`BallAttack::for_classes`] and [`SpatialAttack::suits_classes`].
    pub fn for_classes(&self, classes: i64) -> Result<Self, AttackError> {
        if let Self::Spatial(attack) = self {
            attack.suits_classes(classes)?;
        }
        let Self::InBalls(norm, attack) = self else { return Ok(self.clone()) };
        attack.knows(*norm)?;
        Ok(Self::InBalls(*norm, attack.for_classes(classes)?.unwrap_or_else(|| attack.clone())))
    }

    /// The attack with images to begin at, see [`NearestAttack::starting_among`].
    ///
    /// # Errors
    /// Those of a model that cannot classify the images.
    pub fn starting_among(&self, model: &dyn Classifier, images: &Images) -> Result<Self, ModelFault> {
        let Self::Nearest(attack) = self else { return Ok(self.clone()) };
        Ok(Self::Nearest(attack.starting_among(model, images)?.unwrap_or_else(|| attack.clone())))
    }
}
