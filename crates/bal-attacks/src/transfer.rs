//! Adversarial images of one model, shown to another.

use crate::{Attack, AttackError, AttackSettings, Ball};
use bal_core::{Batch, Classifier, Images, NoiseStream};
use std::sync::{Mutex, PoisonError};
use tch::Tensor;

/// An attack on a surrogate, whose images are then shown to the model; in the attack's ball, if it
/// has one.
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
pub struct Transfer {
    surrogate: Mutex<Box<dyn Classifier>>,
    attack: Box<dyn Attack>,
}

impl Transfer {
    /// What `attack` does to `surrogate`.
    pub fn new(surrogate: Box<dyn Classifier>, attack: Box<dyn Attack>) -> Self {
        Self { surrogate: Mutex::new(surrogate), attack }
    }

    /// A surrogate of one's own, so that other threads need not wait.
    fn surrogate(&self) -> Box<dyn Classifier> {
        self.surrogate.lock().unwrap_or_else(PoisonError::into_inner).replicate()
    }

    /// The surrogate, if it answers the model's question.
    fn surrogate_for(&self, model: &dyn Classifier) -> Result<Box<dyn Classifier>, AttackError> {
        let surrogate = self.surrogate();
        let (theirs, ours) = (surrogate.classes(), model.classes());
        if theirs == ours {
            Ok(surrogate)
        } else {
            Err(AttackError::Surrogate { surrogate: theirs, model: ours })
        }
    }
}

impl std::fmt::Debug for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transfer").field("attack", &self.attack).finish_non_exhaustive()
    }
}

impl Attack for Transfer {
    fn name(&self) -> &'static str {
        "transfer"
    }

    fn ball(&self) -> Option<Ball> {
        self.attack.ball()
    }

    fn settings(&self) -> AttackSettings {
        self.attack.settings()
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

    fn at_radius(&self, radius: f64) -> Result<Box<dyn Attack>, AttackError> {
        Ok(Box::new(Self::new(self.surrogate(), self.attack.at_radius(radius)?)))
    }

    fn for_classes(&self, classes: i64) -> Result<Option<Box<dyn Attack>>, AttackError> {
        let fitted = self.attack.for_classes(classes)?;
        Ok(fitted.map(|attack| Box::new(Self::new(self.surrogate(), attack)) as Box<dyn Attack>))
    }

    /// Images that the surrogate takes for another class.
    fn starting_among(
        &self,
        _model: &dyn Classifier,
        images: &Images,
    ) -> Result<Option<Box<dyn Attack>>, AttackError> {
        let started = self.attack.starting_among(&*self.surrogate(), images)?;
        Ok(started.map(|attack| Box::new(Self::new(self.surrogate(), attack)) as Box<dyn Attack>))
    }

    fn perturb_radii(
        &self,
        model: &dyn Classifier,
        batch: &Batch,
        radii: &[f64],
        noise: &NoiseStream,
    ) -> Result<Vec<Tensor>, AttackError> {
        self.attack.perturb_radii(&*self.surrogate_for(model)?, batch, radii, noise)
    }

    fn serves_all_radii(&self) -> bool {
        self.attack.serves_all_radii()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Bumpy, LinearProblem, noise};
    use crate::{Fgsm, Norm};
    use bal_core::EnsembleGradient;

    fn fgsm() -> Fgsm {
        Fgsm::new(Ball::new(Norm::LInf, 0.1).unwrap(), EnsembleGradient::Predictive)
    }

    #[test]
    fn images_are_those_of_the_surrogate_whatever_the_model() {
        let problem = LinearProblem::new();
        let transfer = Transfer::new(problem.model.replicate(), Box::new(fgsm()));
        // A model of as many classes that has no gradient at all.
        let deaf = crate::tests::two_class(&[[0.0; 6]], bal_core::Prediction::MeanLogits);
        let x = transfer.perturb(&deaf, &problem.batch, &noise()).unwrap();
        assert_eq!(x, fgsm().perturb(&problem.model, &problem.batch, &noise()).unwrap());
        let radii = transfer.perturb_radii(&deaf, &problem.batch, &[0.0, 0.05], &noise()).unwrap();
        let smaller = transfer.at_radius(0.05).unwrap();
        assert_eq!(smaller.ball(), Some(Ball::new(Norm::LInf, 0.05).unwrap()));
        assert_eq!(radii[1], smaller.perturb(&deaf, &problem.batch, &noise()).unwrap());
        assert_eq!((transfer.name(), transfer.settings()), ("transfer", fgsm().settings()));
    }

    #[test]
    fn a_surrogate_with_other_classes_is_refused() {
        let problem = LinearProblem::new();
        let transfer = Transfer::new(Box::new(Bumpy), Box::new(fgsm()));
        let error = transfer.perturb(&problem.model, &problem.batch, &noise()).unwrap_err().to_string();
        assert_eq!(error, "the surrogate has 4 classes and the model 2");
    }
}
