//! Adversarial images of one model, shown to another.

use crate::{
    Attack, AttackError, Ball, BallAttack, Changed, FixedAttack, ModelFault, NearestAttack, Norm,
    SettingError, SpatialAttack, SpatialMeasure,
};
use bal_core::{Batch, Classifier, Images, NoiseStream};
use std::sync::{Arc, Mutex, PoisonError};
use tch::Tensor;

/// An attack on a surrogate, whose images are then shown to the model; of the same kind as the attack.
///
/// ```text
/// x' = attack(surrogate, x, y)
/// ```
///
/// Nothing is asked of the model but the number of its classes. Where this does more damage than
/// gradients of the model itself, those gradients are masked. Whatever the attack does with images
/// that "the model" has wrong, it does by the surrogate's answers.
///
/// Source: Papernot, `McDaniel` & Goodfellow, 2016, "Transferability in machine learning"; as a test
/// for masked gradients, Athalye, Carlini & Wagner, ICML 2018, section 3.1.
pub struct Transfer<A: ?Sized> {
    surrogate: Mutex<Box<dyn Classifier>>,
    attack: Arc<A>,
}

impl Transfer<dyn BallAttack> {
    /// What `attack` does to `surrogate`, as an attack on other models.
    pub fn of(surrogate: Box<dyn Classifier>, attack: Attack) -> Attack {
        let surrogate = Mutex::new(surrogate);
        match attack {
            Attack::InBalls(norm, attack) => Attack::in_balls(norm, Transfer { surrogate, attack }),
            Attack::Nearest(attack) => Attack::nearest(Transfer { surrogate, attack }),
            Attack::Fixed(attack) => Attack::fixed(Transfer { surrogate, attack }),
            Attack::Spatial(attack) => Attack::spatial(Transfer { surrogate, attack }),
        }
    }
}

impl<A: ?Sized> Transfer<A> {
    /// A surrogate of one's own, so that other threads need not wait.
    fn surrogate(&self) -> Box<dyn Classifier> {
        self.surrogate.lock().unwrap_or_else(PoisonError::into_inner).replicate()
    }

    /// The surrogate, if it answers the model's question.
    fn surrogate_for(&self, model: &dyn Classifier) -> Result<Box<dyn Classifier>, ModelFault> {
        let surrogate = self.surrogate();
        let (theirs, ours) = (surrogate.classes(), model.classes());
        if theirs == ours {
            Ok(surrogate)
        } else {
            Err(ModelFault::Surrogate { surrogate: theirs, model: ours })
        }
    }

    /// Another attack on the same surrogate.
    fn with(&self, attack: Arc<A>) -> Self {
        Self { surrogate: Mutex::new(self.surrogate()), attack }
    }
}

impl<A: ?Sized + std::fmt::Debug> std::fmt::Debug for Transfer<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transfer").field("attack", &self.attack).finish_non_exhaustive()
    }
}

impl BallAttack for Transfer<dyn BallAttack> {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        ball: Ball,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.attack.perturb(&*self.surrogate_for(model)?, batch, ball, noise)
    }

    /// Who fooled the surrogate is no account of who fooled the model.
    fn perturb_all(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        balls: &[Ball],
        noise: &NoiseStream,
    ) -> Result<Vec<Changed>, AttackError> {
        let changed = self.attack.perturb_all(&*self.surrogate_for(model)?, batch, balls, noise)?;
        Ok(changed.into_iter().map(|changed| changed.x.into()).collect())
    }

    fn knows(&self, norm: Norm) -> Result<(), SettingError> {
        self.attack.knows(norm)
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Arc<dyn BallAttack>>, ModelFault> {
        let fitted = self.attack.for_classes(classes)?;
        Ok(fitted.map(|attack| Arc::new(self.with(attack)) as Arc<dyn BallAttack>))
    }
}

impl NearestAttack for Transfer<dyn NearestAttack> {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn norm(&self) -> Norm {
        self.attack.norm()
    }

    fn search(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.attack.search(&*self.surrogate_for(model)?, batch, noise)
    }

    /// Images that the surrogate takes for another class.
    fn starting_among(
        &self,
        _model: &dyn Classifier,
        images: &Images,
    ) -> Result<Option<Arc<dyn NearestAttack>>, ModelFault> {
        let started = self.attack.starting_among(&*self.surrogate(), images)?;
        Ok(started.map(|attack| Arc::new(self.with(attack)) as Arc<dyn NearestAttack>))
    }
}

impl FixedAttack for Transfer<dyn FixedAttack> {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn batch_size(&self) -> Option<usize> {
        self.attack.batch_size()
    }

    fn perturb(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.attack.perturb(&*self.surrogate_for(model)?, batch, noise)
    }
}

impl SpatialAttack for Transfer<dyn SpatialAttack> {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn measure(&self) -> SpatialMeasure {
        self.attack.measure()
    }

    fn seeks_nearest(&self) -> bool {
        self.attack.seeks_nearest()
    }

    fn transform(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radius: f64,
        noise: &NoiseStream,
    ) -> Result<Tensor, AttackError> {
        self.attack.transform(&*self.surrogate_for(model)?, batch, radius, noise)
    }

    fn suits_classes(&self, classes: i64) -> Result<(), ModelFault> {
        self.attack.suits_classes(classes)
    }

    fn suits_images(&self, shape: &[i64]) -> Result<(), SettingError> {
        self.attack.suits_images(shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fgsm;
    use crate::tests::{Bumpy, LinearProblem, noise};
    use bal_core::EnsembleGradient;

    fn fgsm() -> Fgsm {
        Fgsm::new(EnsembleGradient::Predictive)
    }

    fn transfer(surrogate: Box<dyn Classifier>) -> Arc<dyn BallAttack> {
        match Transfer::of(surrogate, Attack::in_balls(Norm::LInf, fgsm())) {
            Attack::InBalls(Norm::LInf, attack) => attack,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn images_are_those_of_the_surrogate_whatever_the_model() {
        let problem = LinearProblem::new();
        let transfer = transfer(problem.model.replicate());
        // A model of as many classes that has no gradient at all.
        let deaf = crate::tests::two_class(&[[0.0; 6]], bal_core::Prediction::MeanLogits);
        let [still, half, ball] = [0.0, 0.05, 0.1].map(|radius| Ball::new(Norm::LInf, radius).unwrap());
        let x = transfer.perturb(&deaf, &problem.batch, ball, &noise()).unwrap();
        assert_eq!(x, fgsm().perturb(&problem.model, &problem.batch, ball, &noise()).unwrap());
        let all = transfer.perturb_all(&deaf, &problem.batch, &[still, half], &noise()).unwrap();
        assert_eq!(all[1].x, transfer.perturb(&deaf, &problem.batch, half, &noise()).unwrap());
        assert_eq!(transfer.name(), "transfer");
    }

    #[test]
    fn a_surrogate_with_other_classes_is_refused() {
        let problem = LinearProblem::new();
        let ball = Ball::new(Norm::LInf, 0.1).unwrap();
        let error = transfer(Box::new(Bumpy)).perturb(&problem.model, &problem.batch, ball, &noise());
        assert_eq!(error.unwrap_err().to_string(), "the surrogate has 4 classes and the model 2");
    }
}
