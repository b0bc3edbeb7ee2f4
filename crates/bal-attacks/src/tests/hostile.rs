//! Models and data that are not what they should be.

use super::{Bumpy, noise, shades};
use crate::{Attack, AttackName, AttackSettings, loss, named, predicted_classes};
use bal_core::{Batch, Classifier, ClassifierError, EnsembleGradient, Prediction};
use tch::{Kind, Tensor};

/// Ways in which a model of two classes can be broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Broken {
    NotANumber,
    ThreeLogits,
    FewerImages,
    IgnoresItsInput,
    OutsideOfTheGraph,
    InfiniteSlope,
    Refuses,
}

impl Classifier for Broken {
    fn classes(&self) -> i64 {
        2
    }

    fn member_logits(&self, x: &Tensor) -> Result<Tensor, ClassifierError> {
        let sum = x.flatten(1, -1).sum_dim_intlist(-1, true, Kind::Float);
        let sound = Tensor::cat(&[sum.zeros_like(), sum.shallow_clone()], -1).unsqueeze(0);
        Ok(match self {
            // Only in the second image: what is reported has to name it.
            Self::NotANumber => {
                let second =
                    Tensor::arange(sum.size()[0], (Kind::Int64, sum.device())).eq(1).reshape([1, -1, 1]);
                sound.masked_fill(&second, f64::NAN)
            }
            Self::ThreeLogits => Tensor::cat(&[sound, sum.unsqueeze(0)], -1),
            Self::FewerImages => sound.narrow(1, 0, sum.size()[0] - 1),
            Self::IgnoresItsInput => sound.zeros_like().detach().set_requires_grad(true),
            Self::OutsideOfTheGraph => sound.detach(),
            // The root has an infinite slope where its argument is 0.
            Self::InfiniteSlope => (&sound - sound.detach()).abs().sqrt(),
            Self::Refuses => {
                let reason = || sound.f_matmul(&sound).unwrap_err();
                return Err(ClassifierError::Refused { shape: x.size(), source: reason() });
            }
        })
    }

    fn prediction(&self) -> Prediction {
        Prediction::MeanProbability
    }

    fn replicate(&self) -> Box<dyn Classifier> {
        Box::new(*self)
    }
}

fn all() -> Vec<Box<dyn Attack>> {
    let without = [AttackName::CwOneStep, AttackName::CwOneStepLogProbabilities];
    let radius = |name| (!without.contains(&name)).then_some(0.1);
    AttackName::ALL.iter().map(|&name| named(name, radius(name), &name.defaults()).unwrap()).collect()
}

fn error(attack: &dyn Attack, model: &dyn Classifier, batch: &Batch) -> String {
    attack.perturb(model, batch, &noise()).unwrap_err().to_string()
}

#[test]
fn every_attack_says_what_is_wrong_with_a_broken_model() {
    for attack in all() {
        for (model, part) in [
            (Broken::NotANumber, "the model gives image 1 of the batch a lo"),
            (Broken::ThreeLogits, "the model gave logits of shape"),
            (Broken::FewerImages, "the model gave logits of shape"),
            (Broken::IgnoresItsInput, "no gradient with respect to the images"),
            (Broken::OutsideOfTheGraph, "no gradient with respect to the images"),
            (Broken::InfiniteSlope, "gives image 0 of the batch a gradient that is not finite"),
            (Broken::Refuses, "the model cannot classify images of shape [4, 1, 2, 3]"),
        ] {
            // The hinge of CW is not active at zero logits: there is no slope to be infinite.
            if (attack.name(), model) == ("cw-one-step", Broken::InfiniteSlope) {
                continue;
            }
            let error = error(&*attack, &model, &shades(4));
            assert!(error.contains(part), "{attack:?} on {model:?}: {error}");
        }
    }
}

#[test]
fn both_losses_of_an_ensemble_are_checked() {
    let batch = shades(4);
    for ensemble_gradient in [EnsembleGradient::Predictive, EnsembleGradient::MemberMean] {
        for model in [Broken::NotANumber, Broken::ThreeLogits, Broken::FewerImages] {
            assert!(loss(&model, &batch.x, &batch.y, ensemble_gradient).is_err(), "{model:?}");
        }
    }
}

#[test]
fn predictions_are_not_made_of_logits_that_are_not_finite() {
    let error = predicted_classes(&Broken::NotANumber, &shades(4).x).unwrap_err().to_string();
    assert_eq!(error, "the model gives image 1 of the batch a logit that is not finite");
}

#[test]
fn labels_that_are_no_classes_are_named() {
    for attack in all() {
        for label in [2, -1] {
            let y = Tensor::from_slice(&[0, 1, label, 0]);
            let error = error(&*attack, &Bumpy, &Batch { y, ..shades(4) });
            let expected =
                format!("image 2 of the batch has label {label}, but the model has 2 classes (from 0)");
            assert_eq!(error, expected, "{attack:?}");
        }
    }
}

#[test]
fn a_batch_whose_parts_do_not_fit_is_refused() {
    let cases = || {
        [
            Batch { indices: vec![0, 1], ..shades(4) },
            Batch { y: Tensor::from_slice(&[0i64]), ..shades(4) },
            Batch { x: shades(4).x.flatten(1, -1), ..shades(4) },
            Batch { x: shades(1).x.narrow(0, 0, 0), y: Tensor::from_slice::<i64>(&[]), indices: vec![] },
        ]
    };
    for attack in all() {
        for batch in cases() {
            let error = error(&*attack, &Bumpy, &batch);
            assert!(error.starts_with("a batch needs images [n, c, h, w]"), "{attack:?}: {error}");
        }
    }
}

#[test]
fn no_settings_at_all_are_refused_by_every_attack_that_has_some() {
    for name in [AttackName::Fgsm, AttackName::Ifgsm, AttackName::Pgd] {
        assert!(named(name, Some(0.1), &AttackSettings::default()).is_err());
    }
}
