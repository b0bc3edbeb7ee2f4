//! What an attack is.

use crate::{AttackError, AttackSettings, Ball, Norm, predicted_classes};
use bal_core::{Batch, Classifier, Images, NoiseStream};
use tch::Tensor;

/// A way to change images so that a classifier errs.
///
/// There are two kinds: those that stay in a [`Ball`] around each image, of which accuracy curves
/// are made, and those that have no radius and are judged by how far they went; of the latter some
/// seek the nearest adversarial image ([`Attack::minimises`]). All are immutable values and leave the
/// classifier as it was; to be evaluated, their images have to be in `[0, 1]`.
pub trait Attack: Send + Sync + std::fmt::Debug {
    /// The name that commands and files use: `pgd`.
    fn name(&self) -> &'static str;

    /// The ball that the attack stays in, if it has one.
    fn ball(&self) -> Option<Ball>;

    /// The ball's norm, if there is a ball.
    fn norm(&self) -> Option<Norm> {
        self.ball().map(|ball| ball.norm())
    }

    /// The norm of the distance that the attack makes as small as it can, if it seeks the nearest
    /// image that the model gets wrong. Such an attack has no ball, and gives back an image unchanged
    /// when the model has it wrong already or when nothing was found.
    fn minimises(&self) -> Option<Norm> {
        None
    }

    /// The names under which [`Attack::perturb_and_tell`] accounts for images, in the order in which they
    /// are let at them; the attack's own, unless it is made of several.
    fn parts(&self) -> Vec<&'static str> {
        vec![self.name()]
    }

    /// All settings but the radius, for the record.
    fn settings(&self) -> AttackSettings;

    /// How many images are attacked together, where that changes the result.
    fn batch_size(&self) -> Option<usize> {
        None
    }

    /// The changed images: shaped as `batch.x`, without a graph.
    ///
    /// `noise` gives random starts, keyed by image; its chain is replaced by the restart's number.
    ///
    /// # Errors
    /// [`AttackError`] when batch and model do not fit together, or the model cannot be attacked.
    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError>;

    /// The same attack in a ball of another radius.
    ///
    /// # Errors
    /// [`AttackError::Radius`], and [`AttackError::NoRadius`] from an attack without a ball.
    fn at_radius(&self, radius: f64) -> Result<Box<dyn Attack>, AttackError>;

    /// The attack as it is defined for models of so many classes; `None` where that is the attack as it is.
    ///
    /// Asked before an evaluation or a training begins, so that what cannot be done is known then.
    ///
    /// # Errors
    /// [`AttackError::Classes`] and [`AttackError::FewClasses`] where it is defined for more classes only.
    fn for_classes(&self, _classes: i64) -> Result<Option<Box<dyn Attack>>, AttackError> {
        Ok(None)
    }

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
    ) -> Result<Option<Box<dyn Attack>>, AttackError> {
        Ok(None)
    }

    /// The changed images at each of several radii; at radius 0 they are the images.
    ///
    /// An attack that can share work between radii overrides this, with the same results.
    ///
    /// # Errors
    /// Those of [`Attack::at_radius`] and [`Attack::perturb`].
    fn perturb_radii(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Tensor>, AttackError> {
        let at = |&radius: &f64| {
            let attack = self.at_radius(radius)?;
            if radius == 0.0 { Ok(batch.x.detach()) } else { attack.perturb(model, batch, noise) }
        };
        radii.iter().map(at).collect()
    }

    /// Whether [`Attack::perturb_radii`] does one search, which serves every radius.
    fn serves_all_radii(&self) -> bool {
        false
    }

    /// The same as [`Attack::perturb_radii`], with the name of the attack that broke each image.
    ///
    /// For most attacks that is their own; a [`crate::Suite`] says which of its parts it was.
    ///
    /// # Errors
    /// Those of [`Attack::perturb_radii`].
    fn perturb_and_tell(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        let changed = self.perturb_radii(model, batch, radii, noise)?;
        let right = |x: &Tensor| -> Result<Vec<bool>, AttackError> {
            Ok(Vec::try_from(predicted_classes(model, x)?.f_eq_tensor(&batch.y)?)?)
        };
        let before = right(&batch.x)?;
        let tell = |x: Tensor| {
            let broken = before.iter().zip(right(&x)?).map(|(&before, after)| before && !after);
            let broken_by = broken.map(|broken| broken.then_some(self.name())).collect();
            Ok(Changed { x, broken_by })
        };
        changed.into_iter().map(tell).collect()
    }
}

/// What an attack made of a batch.
#[derive(Debug)]
pub struct Changed {
    /// The changed images, shaped as they came.
    pub x: Tensor,
    /// For each image the name of the attack that fooled the model; `None` where none did, and where
    /// the model was wrong before.
    pub broken_by: Vec<Option<&'static str>>,
}
